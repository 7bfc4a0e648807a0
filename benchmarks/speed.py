"""Time headline-score beside the same model in scikit-learn, and beside others where installed.

    python benchmarks/speed.py [--write] [--quick]

Prints a report in Markdown; with --write it also goes to `RESULTS.md` beside this file, and its
main tables to the README. Installs and downloads nothing. Needs the `train` extra; what
`requirements.txt` beside this file names is timed where it is installed.

All of it runs on one thread. What is compared is timed in turn, so that a machine's drift hits all
alike: compare ratios, not seconds.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script can't see its own package
os.environ["OMP_NUM_THREADS"] = "1"  # before numpy starts more threads; child processes inherit it
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["VECLIB_MAXIMUM_THREADS"] = "1"
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"

import headline_score
from benchmarks import measures, peers
from benchmarks.clock import Clock
from benchmarks.report import OURS, SAME, Report, write
from benchmarks.texts import made_up_headlines

MANY = 2000  # headlines, of which one is timed that is not met again soon


def main() -> None:
    """Measure, report, and end with 1 if something failed."""
    arguments = _arguments()
    clock = Clock(arguments.repeats)
    path: Path | None = arguments.model
    file = path or Path(headline_score.__file__).with_name("model.npz")
    model = headline_score.Model.load(file)
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= arguments.most]
    headlines = made_up_headlines(max(arguments.headlines, *sizes))
    in_bulk = headlines[: arguments.headlines]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        installed = {name: peer for name, peer in peers.PEERS.items() if not peer.missing()}
        scorers = {
            OURS: peers.headline_score(model, path),
            SAME: peers.pipeline(model, folder),
        }
        for name, peer in installed.items():
            scorers |= _made(name, peer, folder, clock.failures)
        gc.collect()
        gc.freeze()  # what all of them hold is no work for the collector while one is timed
        report = Report(
            repeats=clock.repeats,
            model=model.version,
            versions=[peer.versions() for peer in installed.values()],
            missing=[name for name in peers.PEERS if name not in installed],
            failures=clock.failures,
            scorers=scorers,
            headlines={name: len(scorer.some(in_bulk)) for name, scorer in scorers.items()},
            rows=arguments.rows,
            fresh=measures.fresh(clock, scorers),
            load=measures.load(clock, file),
            single=measures.one_by_one(clock, scorers, headlines),
            of_many=measures.of_many(clock, model, headlines[:MANY]),
            bulk=measures.bulk(clock, scorers, in_bulk),
            batch=measures.batch(clock, model, path, in_bulk, arguments.rows, folder),
            by_number=measures.by_number(clock, model, headlines, sizes),
            by_length=measures.by_length(clock, model, arguments.pieces),
        )
    print(report)
    if clock.failures:
        sys.exit(1)
    if arguments.write:
        write(report)


def _made(
    name: str, peer: peers.Peer, folder: Path, failures: dict[str, str]
) -> dict[str, peers.Scorer]:
    """Return a peer's scorer by its name, or nothing and note why: the others are to be timed."""
    try:
        return {name: peer.make(folder)}
    except Exception as error:
        failures[name] = f"{type(error).__name__}: {error}"
        return {}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="also to RESULTS.md and the README")
    parser.add_argument("--headlines", type=int, default=200_000, help="in bulk")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the table for batch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small sizes: does all of it run?")
    parser.add_argument("--model", type=Path, metavar="FILE", help="by default the shipped one")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("what --quick prints are no figures to --write")
    if min(arguments.headlines, arguments.rows, arguments.repeats) < 1:
        parser.error("--headlines, --rows and --repeats are 1 or more")
    arguments.most, arguments.pieces = 1_000_000, 10_000
    if arguments.quick:
        arguments.headlines, arguments.rows, arguments.repeats = 2_000, 2_000, 1
        arguments.most, arguments.pieces = 10_000, 100
    return arguments


if __name__ == "__main__":
    main()
