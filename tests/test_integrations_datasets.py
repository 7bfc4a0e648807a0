"""Scores as a function for `map` of Hugging Face datasets: cached, in processes, streamed."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, IterableDataset, disable_progress_bars
from datasets.fingerprint import Hasher

import headline_score
from headline_score import Model, ModelFileError, score_many
from headline_score.integrations.datasets import Scorer

disable_progress_bars()

TITLES = ["Ferry service resumes", None, "", "Ferry fares may rise", "Storm HORROR on the island!"]


@pytest.fixture
def path(small: Model, tmp_path: Path) -> str:
    small.save(path := tmp_path / "small.npz")
    return str(path)


def check(found: Dataset, model: Model, prefix: str = "") -> None:
    for name, column in model.score_many(TITLES).items():
        values = np.array(found[prefix + name], dtype=float)
        assert np.array_equal(values, column, equal_nan=True)


@pytest.mark.parametrize("processes", [None, 2])
def test_map_keeps_columns_and_adds_scores(
    tmp_path: Path, shipped: Model, processes: int | None
) -> None:
    Dataset.from_dict({"title": TITLES, "row": range(5)}).save_to_disk(tmp_path)
    found = Dataset.load_from_disk(tmp_path).map(
        Scorer("title"), batched=True, batch_size=2, num_proc=processes
    )
    assert found.column_names == ["title", "row", *shipped.targets]
    assert found["title"][:] == TITLES
    check(found, shipped)


def test_workers_load_a_model_of_ones_own(path: str, small: Model) -> None:
    scorer = Scorer("head", path, prefix="my ")
    ds = Dataset.from_dict({"head": TITLES})
    check(ds.map(scorer, batched=True, num_proc=2), small, "my ")
    check(ds.map(Scorer("head", small), batched=True, num_proc=2), small)


def test_a_stream_is_scored_as_it_is_read(shipped: Model) -> None:
    stream = Dataset.from_dict({"title": TITLES}).to_iterable_dataset()
    scored = stream.map(Scorer("title"), batched=True, batch_size=2)
    assert isinstance(scored, IterableDataset)
    rows = list(scored)
    assert [row["title"] for row in rows] == TITLES
    for name, column in shipped.score_many(TITLES).items():
        assert np.array_equal([row[name] for row in rows], column, equal_nan=True)


def test_a_second_map_finds_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Dataset.from_dict({"title": TITLES}).save_to_disk(tmp_path)
    first = Dataset.load_from_disk(tmp_path).map(Scorer("title"), batched=True)
    monkeypatch.setattr(Scorer, "__call__", None)  # nothing is scored again
    second = Dataset.load_from_disk(tmp_path).map(Scorer("title"), batched=True)
    assert first.cache_files == second.cache_files != []


def test_equal_scorers_have_one_fingerprint_in_every_process(path: str, small: Model) -> None:
    code = f"""
from datasets.fingerprint import Hasher
from headline_score import Model
from headline_score.integrations.datasets import Scorer
scorers = Scorer("title"), Scorer("title", {path!r}), Scorer("title", Model.load({path!r}))
scorers[0]({{"title": ["Ferry"]}}), scorers[1]({{"title": ["Ferry"]}})
print(*map(Hasher.hash, scorers))"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    scorers = Scorer("title"), Scorer("title", Path(path)), Scorer("title", small)
    assert run.stdout.split() == [Hasher.hash(scorer) for scorer in scorers]


def test_fingerprints_tell_scorers_apart(
    path: str, small: Model, shipped: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints = [
        Hasher.hash(scorer)
        for scorer in (
            *(Scorer("title"), Scorer("head"), Scorer("title", prefix="my ")),
            *(Scorer("title", path), Scorer("title", small), Scorer("title", shipped)),
        )
    ]
    shipped.save(path)  # another model in the same place
    prints.append(Hasher.hash(Scorer("title", path)))
    monkeypatch.setattr(headline_score, "__version__", "9.9")
    prints.append(Hasher.hash(Scorer("title")))
    assert len(set(prints)) == len(prints)


def test_no_model_goes_along_but_one_in_memory(path: str) -> None:
    for scorer in (Scorer("title"), Scorer("title", path)):
        scorer({"title": ["Ferry resumes"]})
        assert len(pickle.dumps(scorer)) < 500


def test_a_model_file_that_has_changed_is_refused(path: str, shipped: Model) -> None:
    scorer = Scorer("title", path)
    sent = pickle.dumps(scorer)
    shipped.save(path)
    code = f"import pickle; pickle.loads({sent!r})({{'title': ['Ferry resumes']}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ModelFileError" in run.stderr
    assert "the file has changed" in run.stderr


def test_an_unsound_model_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"no model")
    for name, reason in (("bad.npz", "not a headline-score model"), ("none.npz", "No such file")):
        with pytest.raises(ModelFileError, match=reason):
            Scorer("title", tmp_path / name)


def test_single_rows_are_refused_with_advice() -> None:
    with pytest.raises(TypeError, match="batched=True"):
        Dataset.from_dict({"title": TITLES}).map(Scorer("title"))


def test_scores_are_those_of_score_many() -> None:
    found = Scorer("title")({"title": TITLES})
    assert list(found) == list(score_many(TITLES))
