"""The figures of the model card, drawn from random data."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

import figures

TARGETS = ("clickbait", "speculation", "sensationalism")

Drawing = Callable[[Path, int], None]


def drawn(seed: int) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Return grades and scores that agree with them somewhat; few of the scores are high."""
    random = np.random.default_rng(seed)
    y = {target: random.choice(4, 300, p=(0.7, 0.1, 0.1, 0.1)) / 3 for target in TARGETS}
    p = {target: np.clip(0.7 * y[target] + random.normal(0, 0.1, 300), 0, 1) for target in TARGETS}
    return y, p


def reliability(path: Path, seed: int) -> None:
    figures.reliability(path, *drawn(seed))


def precision_recall(path: Path, seed: int) -> None:
    # No headline reaches the second threshold of the last target.
    precise = {"clickbait": 0.6, "speculation": 0.7, "sensationalism": 1.01}
    figures.precision_recall(path, *drawn(seed), dict.fromkeys(TARGETS, 0.4), precise)


def learning_curve(path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    points = {
        target: [(rows, r2, r2 - 0.05, r2 + 0.04) for rows, r2 in enumerate(random.random(4), 500)]
        for target in TARGETS
    }
    figures.learning_curve(path, points)


@pytest.mark.parametrize("draw", [reliability, precision_recall, learning_curve])
def test_a_figure_is_a_png_that_its_data_alone_decide(draw: Drawing, tmp_path: Path) -> None:
    first, again, other = (tmp_path / f"{name}.png" for name in ("first", "again", "other"))
    draw(first, 0)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        draw(again, 0)
    draw(other, 1)
    assert first.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()
    assert first.stat().st_size < 150_000


def test_one_number_of_rows_makes_a_curve_too(tmp_path: Path) -> None:
    figures.learning_curve(tmp_path / "one.png", {"clickbait": [(1000, 0.5, 0.4, 0.6)]})
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
