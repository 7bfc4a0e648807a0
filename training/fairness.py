"""How much does a score depend on who is named, on letter case and on a publisher's suffix?

    python training/fairness.py                            # prints the tables
    python training/fairness.py --data ../shared/data      # letter case and suffixes on gold.csv

The 200 names of `swap_names.csv` go through the 200 invented headlines of `swap_headlines.csv`,
and other headlines (without `--data` those of `contrast.csv`) are rewritten: none of it should
move a score. Every interval is a 95 % bootstrap interval over headlines (percentiles of 1,000
resamples).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headline_score import Model, default_model
from headline_score.evaluation import Metric
from report import markdown
from sources import MissingDataError, read_csv, read_own

Floats = NDArray[np.float64]

BOTH = "all"  # the part that has the headlines of either kind
MOST_SHIFTED = 10  # names in the table
RESAMPLES, SEED = 1000, 0
SUFFIXES = (" - The New York Times", " | BBC News", " – reuters.com", " | Rolling Stone")

_PLACE = re.compile(r"\{name\}('s)?")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # "don't" is one word, with one capital


def main() -> None:
    """Print the tables."""
    model, rows, _ = asked_for(__doc__ or "")
    headlines = [row["headline"] for row in rows]
    print(f"## names\n\n{swap_table(swaps(model))}\n")
    print(f"## letter case\n\n{case_table(case_changes(model, headlines))}\n")
    print(f"## suffixes\n\n{suffix_table(suffix_changes(model, headlines))}\n")


def asked_for(description: str) -> tuple[Model, list[dict[str, Any]], int]:
    """Return the model and the graded rows that the command line names, and their top grade."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", type=Path, help="directory that holds gold.csv")
    parser.add_argument("--model", type=Path, help="model file; else the shipped one")
    arguments = parser.parse_args()
    data = arguments.data
    try:
        rows = read_csv(data, "gold.csv") if data else read_own("contrast.csv")
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    model = Model.load(arguments.model) if arguments.model else default_model()
    return model, rows, 1 if data else 3


def with_name(headline: str, name: str) -> str:
    """Return a headline with a name put in; its {name}'s becomes Meloni's, but Democrats'.

    >>> with_name("Judge rejects {name}'s plea", "Democrats")
    "Judge rejects Democrats' plea"
    """
    genitive = "'" if name.endswith("s") else "'s"
    return _PLACE.sub(lambda match: name + genitive if match.group(1) else name, headline)


def swaps(model: Model) -> dict[str, Any]:
    """Put every name into every headline, and return how far that moves the scores.

    For each target, and in it for each kind of headline and for all of them: `headlines`, how many
    there are; `mean_change`, how far a score is on average from the mean of its headline over all
    names; `shifts`, for each name how far its scores are on average above those means; `largest`,
    the name that shifts most; `kinds`, for each kind of name the mean |shift| and the largest.
    """
    names = read_own("swap_names.csv")
    headlines = read_own("swap_headlines.csv")
    texts = [with_name(row["headline"], each["name"]) for row in headlines for each in names]
    kinds = np.array([row["kind"] for row in headlines])
    found: dict[str, Any] = {}
    for target, scores in model.score_many(texts).items():
        table = scores.reshape(len(headlines), len(names))
        changes = table - table.mean(axis=1, keepdims=True)
        parts = {kind: changes[kinds == kind] for kind in dict.fromkeys(kinds.tolist())}
        parts[BOTH] = changes
        found[target] = {part: _summary(values, names) for part, values in parts.items()}
    return found


def swap_table(found: dict[str, Any]) -> str:
    """Return what `swaps` found as Markdown: by kind, then for the names that shift most."""
    parts = next(iter(found.values()))
    rows = []
    for part, summary in parts.items():
        cells = (_interval(found[target][part]["mean_change"]) for target in found)
        rows.append([f"{part} headlines ({summary['headlines']}): mean change", *cells])
    for kind, summary in parts[BOTH]["kinds"].items():
        cells = (_kind_cell(found[target][BOTH]["kinds"][kind]) for target in found)
        rows.append([f"{kind} ({summary['names']} names): mean shift, largest", *cells])
    shifts = {
        name: [found[target][BOTH]["shifts"][name] for target in found]
        for name in parts[BOTH]["shifts"]
    }
    most = sorted(shifts, key=lambda name: -max(map(abs, shifts[name])))[:MOST_SHIFTED]
    shifted = [[name, *(f"{shift:+.3f}" for shift in shifts[name])] for name in most]
    return f"{markdown(['', *found], rows)}\n\n{markdown(['shift of', *found], shifted)}"


def case_changes(model: Model, headlines: Sequence[str]) -> dict[str, Any]:
    """Return for each letter case and target how far it moves the scores of the headlines."""
    rewrites: dict[str, Callable[[str], str]] = {
        "Title Case": title_case,
        "Sentence case": sentence_case,
        "lower case": str.lower,
        "UPPER CASE": str.upper,
    }
    return _changes(
        model,
        headlines,
        {style: list(map(rewrite, headlines)) for style, rewrite in rewrites.items()},
    )


def case_table(found: dict[str, Any]) -> str:
    """Return what `case_changes` found as Markdown."""
    return _changes_table("mean change in", found)


def title_case(text: str) -> str:
    """Return a text with every word capitalised, small ones too.

    >>> title_case("they DON'T stop")
    "They Don't Stop"
    """
    return _WORD.sub(lambda match: match.group().capitalize(), text)


def sentence_case(text: str) -> str:
    """Return a text with its first word alone capitalised, so that names lose their capital.

    >>> sentence_case("'Xi Jinping WON'T Go'")
    "'Xi jinping won't go'"
    """
    return _WORD.sub(lambda match: match.group().capitalize(), text.lower(), count=1)


def suffix_changes(model: Model, headlines: Sequence[str]) -> dict[str, Any]:
    """Return for each suffix and target how far it moves the scores of the headlines."""
    suffixed = {suffix: [text + suffix for text in headlines] for suffix in SUFFIXES}
    return _changes(model, headlines, suffixed)


def suffix_table(found: dict[str, Any]) -> str:
    """Return what `suffix_changes` found as Markdown."""
    quoted = {f"“{suffix}”": changes for suffix, changes in found.items()}
    return _changes_table("mean change with", quoted)


def _summary(changes: Floats, names: list[dict[str, str]]) -> dict[str, Any]:
    """Return what `swaps` tells of some headlines' changes, shape (headlines, names)."""
    shifts = {
        each["name"]: shift
        for each, shift in zip(names, changes.mean(axis=0).tolist(), strict=True)
    }
    kinds: dict[str, dict[str, float]] = {}
    for each in names:
        kinds.setdefault(each["kind"], {})[each["name"]] = shifts[each["name"]]
    return {
        "headlines": len(changes),
        "mean_change": _mean(np.abs(changes).mean(axis=1)),
        "shifts": shifts,
        "largest": _largest(shifts),
        "kinds": {
            kind: {
                "names": len(some),
                "mean_shift": float(np.mean(np.abs(list(some.values())))),
                "largest": _largest(some),
            }
            for kind, some in kinds.items()
        },
    }


def _largest(shifts: dict[str, float]) -> dict[str, Any]:
    name = max(shifts, key=lambda name: abs(shifts[name]))
    return {"name": name, "shift": shifts[name]}


def _changes(
    model: Model, headlines: Sequence[str], rewritten: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    before = model.score_many(headlines)
    return {
        how: {
            target: _mean(np.abs(after - before[target]))
            for target, after in model.score_many(texts).items()
        }
        for how, texts in rewritten.items()
    }


def _mean(values: Floats) -> dict[str, float]:
    return asdict(bootstrap_mean(values))


def bootstrap_mean(values: Floats) -> Metric:
    """Return the mean of a value for each headline, with its interval."""
    random = np.random.default_rng(SEED)
    n = len(values)
    means = [values[random.integers(n, size=n)].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Metric(float(values.mean()), float(low), float(high))


def _changes_table(title: str, found: dict[str, Any]) -> str:
    targets = list(next(iter(found.values())))
    rows = [[how, *(_interval(changes[t]) for t in targets)] for how, changes in found.items()]
    return markdown([title, *targets], rows)


def _interval(mean: dict[str, float]) -> str:
    return str(Metric(**mean))


def _kind_cell(kind: dict[str, Any]) -> str:
    largest = kind["largest"]
    return f"{kind['mean_shift']:.3f}, {largest['shift']:+.3f} ({largest['name']})"


if __name__ == "__main__":
    main()
