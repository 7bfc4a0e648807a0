"""The modules for engines: imported when asked for, and clear about what is missing."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from headline_score import Model, ModelFileError, score_many
from headline_score.integrations._models import digest, loaded, resolved

ENGINES = {"polars": "polars", "duckdb": "duckdb", "datasets": "datasets", "spark": "pyspark"}


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )


def test_the_library_imports_no_engine_by_itself() -> None:
    modules = ["headline_score.integrations", *ENGINES.values(), "pandas", "pyarrow"]
    code = f"""
import sys
import headline_score
headline_score.score_many(["Ferry resumes"])
print([name for name in {modules!r} if name in sys.modules])"""
    assert python(code).stdout == "[]\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_missing_engine_is_named_with_what_installs_it(engine: str) -> None:
    code = f"""
import sys
sys.modules[{ENGINES[engine]!r}] = None
import headline_score
try:
    import headline_score.integrations.{engine}
except headline_score.MissingExtraError as error:
    print(error)"""
    words = python(code).stdout
    assert f"needs {ENGINES[engine]}, which is not installed" in words
    assert f'pip install "headline-score[{engine}]"' in words


def test_pandas_takes_the_columns_with_its_own_index() -> None:
    df = pd.DataFrame({"title": ["Ferry fares may rise", None, pd.NA]}, index=[7, 5, 7])
    scored = df.assign(**score_many(df.title))
    assert scored.index.tolist() == [7, 5, 7]
    assert scored.speculation.isna().tolist() == [False, True, True]
    assert scored.speculation.mean() == score_many(["Ferry fares may rise"])["speculation"][0]


def test_a_model_is_named_in_three_ways(small: Model, shipped: Model, tmp_path: Path) -> None:
    small.save(path := tmp_path / "small.npz")
    assert resolved(None) is shipped
    assert resolved(small) is small
    assert resolved(path).targets == resolved(str(path)).targets == small.targets


def test_a_process_loads_a_file_once_and_notices_another(small: Model, tmp_path: Path) -> None:
    path = str(tmp_path / "small.npz")
    small.save(path)
    assert loaded(path, digest(path)) is loaded(path, digest(path))
    with pytest.raises(ModelFileError, match=r"small\.npz: the file has changed"):
        loaded(path, "0" * 64)
    with pytest.raises(ModelFileError, match=r"none\.npz: No such file"):
        digest(tmp_path / "none.npz")
