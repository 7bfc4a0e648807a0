"""Many headlines at once are read as one alone is, and one alone as `features` says."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from headline_score import Model
from headline_score.bulk_reader import BulkReader
from headline_score.features import cue_pairs, loudness, terms, tokens
from headline_score.lookup import HashTable
from headline_score.model_file import Parameters
from headline_score.vocabulary import BOUNDARY, FIRST_WORD, NOTHING, Vocabulary

LETTERS = "aAtheTHE190'.-!?:_\"# \n\t\x1c\x00"
WORDS = """the why mayor's may won't SLAMS you 7 2031 ? ! : - -- .. ... '' ' " # zxqvwk
pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism's Obama Obama's
l1ke th15 5h0ck1ng shoccking sooooo Putiin b3lieve"""
PLAIN = st.text(LETTERS) | st.lists(st.sampled_from(WORDS.split()), max_size=40).map(" ".join)


@pytest.fixture(scope="module")
def vocabulary(shipped: Model) -> Vocabulary:
    p = shipped.parameters
    assert isinstance(p, Parameters)
    return Vocabulary(p.words, p.starts, p.rights, p.names, p.cues)


@pytest.fixture(scope="module")
def reader(vocabulary: Vocabulary) -> BulkReader:
    return BulkReader(vocabulary)


@given(text=PLAIN)
def test_the_rows_of_a_text_are_those_of_its_terms(
    shipped: Model, vocabulary: Vocabulary, text: str
) -> None:
    found = tokens(text, shipped.names, vocabulary.words)
    rows = {vocabulary.row(term) for term in terms(found)}
    rows |= {vocabulary.row(pair) for pair in cue_pairs(found, vocabulary.cues)}
    found_rows, length, _ = vocabulary.read(text)
    assert found_rows - {BOUNDARY} == {NOTHING, *rows}
    assert length == len(found)


@given(text=PLAIN)
def test_each_row_is_that_of_a_term(shipped: Model, vocabulary: Vocabulary, text: str) -> None:
    found = tokens(text, shipped.names, vocabulary.words)
    every = shipped.parameters.terms
    rows, *_ = vocabulary.read(text)
    named = {every[row - FIRST_WORD] for row in rows - {NOTHING, BOUNDARY}}
    assert named <= {*terms(found), *cue_pairs(found, vocabulary.cues)}


@given(texts=st.lists(PLAIN, min_size=1, max_size=20))
@example(texts=[""])
@example(texts=["", "a", ""])
@example(
    texts=["-", "--", "a-b", "a - b", "-a", "- a", "a -", "--- ---", "\x1c-\x1c", ".-.", "-\n-"]
)
@example(texts=["'", "''", "a'b", "a''b", "'a'", "a'b'c", "1'2", "a'.b", "_'a", "a_b"])
@example(texts=["a" * 1000, "the" * 30, "the " * 300, "!" * 99, "A" * 4, "AAAA bbbb", "aAAAA"])
@example(texts=["Q" * n for n in range(30)])
def test_many_texts_are_read_as_each_alone(
    vocabulary: Vocabulary, reader: BulkReader, texts: list[str]
) -> None:
    many = reader.read(texts)
    assert many.coverage.shape == (len(texts),)
    starts = [*np.flatnonzero(many.rows == NOTHING), len(many.rows)]
    for i, text in enumerate(texts):
        rows, length, coverage = vocabulary.read(text)
        found = many.rows[starts[i] : starts[i + 1]].tolist()
        assert found == sorted(rows - {BOUNDARY}), text
        assert many.lengths[i] == length
        assert many.coverage[i] == coverage
        assert tuple(many.loudness[i].tolist()) == loudness(text)


@given(texts=st.lists(st.from_type(str), min_size=1, max_size=40), data=st.data())
def test_a_headline_has_the_same_scores_in_any_company(
    shipped: Model, texts: list[str], data: st.DataObject
) -> None:
    company = data.draw(st.lists(st.from_type(str), max_size=30))
    alone = [strengths(shipped, [text])[0].tolist() for text in texts]
    assert strengths(shipped, [*company, *texts])[len(company) :].tolist() == alone
    by_score = np.array([shipped.score(text).strengths for text in texts])
    np.testing.assert_allclose(alone, by_score, rtol=0, atol=1e-12)


def strengths(model: Model, headlines: list[str]) -> NDArray[np.float64]:
    return np.column_stack(list(model.score_many(headlines).values()))


def test_invented_headlines_have_the_same_scores_in_any_company(
    shipped: Model, headlines: list[str]
) -> None:
    whole = strengths(shipped, headlines)
    assert strengths(shipped, headlines[::-1])[::-1].tolist() == whole.tolist()
    parts = [strengths(shipped, headlines[:5]), strengths(shipped, headlines[5:])]
    assert np.vstack(parts).tolist() == whole.tolist()
    by_score = np.array([shipped.score(text).strengths for text in headlines])
    np.testing.assert_allclose(whole, by_score, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "piece", ["Ferry fiasco! ", "Ünder ", "a" * 5000, "&amp; ", "!" * 999, "AB"]
)
def test_a_text_of_a_million_letters_is_read_whole(shipped: Model, piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert strengths(shipped, ["", text, "Ferry resumes"]).shape == (3, 3)
    np.testing.assert_allclose(
        strengths(shipped, [text])[0], shipped.score(text).strengths, rtol=0, atol=1e-12
    )


def test_every_word_of_the_vocabulary_is_read_as_itself(
    vocabulary: Vocabulary, reader: BulkReader
) -> None:
    words = [word for word in vocabulary.words if word.isascii() and word.isalnum()]
    rows = reader.read(words).rows
    starts = [*np.flatnonzero(rows == NOTHING), len(rows)]
    for i, word in enumerate(words):
        assert vocabulary.looked_up(word)[0] in rows[starts[i] : starts[i + 1]], word


@given(keys=st.sets(st.integers(0, 2**64 - 1)), others=st.lists(st.integers(0, 2**64 - 1)))
def test_a_hash_table_finds_its_keys_and_no_other(keys: set[int], others: list[int]) -> None:
    ordered = list(keys)
    table = HashTable(np.array(ordered, np.uint64))
    expected = [ordered.index(key) if key in keys else -1 for key in [*ordered, *others]]
    assert table.find(np.array([*ordered, *others], np.uint64)).tolist() == expected


def test_keys_that_want_one_slot_are_all_found() -> None:
    keys = np.arange(0, 2**20, 2**10, dtype=np.uint64) * np.uint64(
        pow(0x9E3779B97F4A7C15, -1, 2**64)
    )
    table = HashTable(keys)  # the products have their first bits alike
    assert table.find(keys).tolist() == list(range(len(keys)))
    assert table.find(keys + np.uint64(1)).tolist() == [-1] * len(keys)


@pytest.mark.parametrize("strange", ["nldtnrtovjwozupr", "dspfzcwletipbwvm"])
def test_a_made_up_word_with_the_hash_of_a_known_one_is_not_taken_for_it(
    shipped: Model, strange: str
) -> None:
    """They were searched for: their hashes were those of "suffocated" and "referencing"."""
    text = f"Mayor {strange} council"
    assert shipped.score_many([text], coverage=True)["coverage"][0] == shipped.score(text).coverage
    np.testing.assert_allclose(
        strengths(shipped, [text])[0], shipped.score(text).strengths, rtol=0, atol=1e-12
    )


def test_each_cue_makes_a_pair(vocabulary: Vocabulary) -> None:
    cues = range(len(vocabulary.cues))
    lefts = {cue for cue in cues if np.ptp(vocabulary.starts[vocabulary.first_pair + cue :][:2])}
    rights = {*vocabulary.rights[vocabulary.starts[vocabulary.first_pair] :].tolist()}
    assert lefts | rights == {*cues}
