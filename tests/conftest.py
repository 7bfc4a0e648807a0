"""What the tests share: texts of every kind, the shipped model and a small one."""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from headline_score import Model, default_model
from headline_score.training import train

settings.register_profile("house", deadline=None)
settings.load_profile("house")

CONTRAST = Path(__file__).parents[1] / "training" / "contrast.csv"

_PIECES = """the of for may could this your won't Believe Council council's harbour slams SHOCKING
fiasco 7 2031 10% $4 ? ! : - -- ... | @ # “quit” ‘we’re — … &amp; &quot; &#8217; &lt;b
CAFÉ naïve ﬁnal Ｆｕｌｌ ½ № ß İ Σας 港口 порт \u200b \u00ad \ud83d e\u0301 zxqvwk"""

# An argument `text: str` of a test under `@given(...)` is any Unicode, lone surrogates included,
# or pieces of headlines in any order.
st.register_type_strategy(
    str,
    st.text(st.characters())
    | st.lists(
        st.sampled_from([*_PIECES.split(), "\n", "\u00a0"]) | st.text(st.characters(), max_size=2)
    ).map(" ".join),
)


def skip_or_fail(reason: str) -> NoReturn:
    """Skip a test that needs what pip can't install; but CI has it all, and skips nothing."""
    if "HEADLINE_SCORE_CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def contrast() -> list[dict[str, str]]:
    """The project's own invented headlines, with grades from 0 to 3."""
    with CONTRAST.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def headlines(contrast: list[dict[str, str]]) -> list[str]:
    return [row["headline"] for row in contrast]


@pytest.fixture(scope="session")
def shipped() -> Model:
    return default_model()


@pytest.fixture(scope="session")
def small(contrast: list[dict[str, str]]) -> Model:
    """A model of two targets with names of their own, trained on a few hundred headlines."""
    rows = contrast[:400]
    return train(
        [row["headline"] for row in rows],
        {
            "loud": [int(row["sensationalism"]) / 3 for row in rows],
            "open question": [int(row["speculation"]) >= 2 for row in rows],
        },
        groups=[row["family"] for row in rows],
        version="small",
    )


@pytest.fixture(scope="session")
def batch() -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """What runs `headline-score batch`, and sees that an error is one line."""

    def run(*args: object, rc: int = 0, **more: Any) -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, "-m", "headline_score", "batch", *map(str, args)]
        done = subprocess.run(command, capture_output=True, timeout=300, **more)
        assert done.returncode == rc, done.stderr
        if rc:
            assert re.fullmatch(rb"Error: .+\n", done.stderr)
        return done

    return run
