"""Many headlines at once are read as one alone is, and one alone as `features` says."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from headline_score import Model
from headline_score.bulk import BulkReader
from headline_score.features import cue_pairs, shape, terms, tokens, with_unknown_as_names
from headline_score.lookup import HashTable
from headline_score.text import normalise
from headline_score.vocabulary import FIRST_WORD, NOTHING, Vocabulary

LETTERS = "aAtheTHE190'.-!?:_\"# \n\t\x1c\x00"
WORDS = """the why mayor's may won't SLAMS you 7 2031 ? ! : - -- .. ... '' ' " # zxqvwk
pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism's Obama Obama's"""
PLAIN = st.text(LETTERS) | st.lists(st.sampled_from(WORDS.split()), max_size=40).map(" ".join)


@pytest.fixture(scope="module")
def vocabulary(shipped: Model) -> Vocabulary:
    parameters = shipped.parameters
    return Vocabulary(
        parameters.words, parameters.pairs, parameters.cue_pairs, shipped.names, parameters.cues
    )


@pytest.fixture(scope="module")
def reader(vocabulary: Vocabulary) -> BulkReader:
    return BulkReader(vocabulary)


@given(text=PLAIN)
def test_the_rows_of_a_text_are_those_of_its_terms(
    shipped: Model, vocabulary: Vocabulary, text: str
) -> None:
    found = with_unknown_as_names(tokens(text, shipped.names), vocabulary.words)
    rows = {vocabulary.row(term) for term in terms(found)}
    rows |= {vocabulary.row(pair) for pair in cue_pairs(found, vocabulary.cues)}
    reading = vocabulary.read(text)
    assert reading.rows == sorted({NOTHING, *rows})
    assert reading.length == len(found)
    names = shipped.parameters.terms
    assert {names[row - FIRST_WORD] for row in reading.rows if row != NOTHING} <= {
        *terms(found),
        *cue_pairs(found, vocabulary.cues),
    }


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
    for i, text in enumerate(texts):
        alone = vocabulary.read(text)
        assert many.rows[many.texts == i].tolist() == alone.rows, text
        assert many.coverage[i] == alone.coverage
        assert tuple(many.shapes[i].tolist()) == shape(text, alone.length)


@given(texts=st.lists(st.from_type(str), min_size=1, max_size=40), data=st.data())
def test_a_headline_has_the_same_score_in_any_company(
    shipped: Model, texts: list[str], data: st.DataObject
) -> None:
    alone = [list(shipped.score(text).strengths) for text in texts]
    company = data.draw(st.lists(st.from_type(str), max_size=30))
    together = np.column_stack(list(shipped.score_many([*texts, *company]).values()))
    assert together[: len(texts)].tolist() == alone


def test_invented_headlines_have_the_same_score_in_any_company(
    shipped: Model, headlines: list[str]
) -> None:
    def strengths(headlines: list[str]) -> NDArray[np.float64]:
        return np.column_stack(list(shipped.score_many(headlines).values()))

    whole = strengths(headlines)
    assert strengths(headlines[::-1])[::-1].tolist() == whole.tolist()
    assert (
        np.vstack([strengths(headlines[:5]), strengths(headlines[5:])]).tolist() == whole.tolist()
    )
    assert [list(shipped.score(text).strengths) for text in headlines] == whole.tolist()


def test_what_the_hashes_of_the_vocabulary_are_of_is_found(
    vocabulary: Vocabulary, reader: BulkReader
) -> None:
    for word, row in vocabulary.words.items():
        if word.isascii() and word.isalpha() and len(normalise(word)) == len(word):
            assert row in reader.read([word]).rows or vocabulary.token(word).row != row


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
