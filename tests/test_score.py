import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given

from headline_score import Model, Score, explain, score, score_many

CALM = "Harbour council approves repairs to ferry pier"
BAIT = "You Won't Believe What This Baker Found in Her Oven"
GUESS = "Ferry strike could spread to the islands, union leaders may decide"
LOUD = "SHOCKING fiasco: furious mayor SLAMS disgraced council in brutal rant"
HEADLINES = [
    CALM,
    BAIT,
    GUESS,
    "Mayor's aide didn't know of the harbour's debts",
    "Why Nobody's Talking About the Islands' Vanishing Bees",
]
UNREADABLE = ["", "   ", "@@@@", "港口罢工结束", "?!", "\ud800", "\u200b\n"]


@given(...)
def test_any_text_gets_strengths_from_0_to_1(text: str) -> None:
    result = score(text)
    assert result.targets == ("clickbait", "speculation", "sensationalism")
    assert len(result.strengths) == 3
    for value in (*result.strengths, result.coverage):
        assert type(value) is float
        assert 0 <= value <= 1


def test_another_thread_may_empty_what_is_remembered_at_any_time(
    small: Model, headlines: list[str]
) -> None:
    remembered = cast(Any, small)._scorer._addends
    for headline in headlines[:9]:
        alone = small.score(headline)
        remembered.clear()
        assert small.score(headline) == alone


@pytest.mark.parametrize(
    ("target", "strong"), [("clickbait", BAIT), ("speculation", GUESS), ("sensationalism", LOUD)]
)
def test_a_blatant_headline_is_above_the_threshold_and_a_calm_one_below(
    shipped: Model, target: str, strong: str
) -> None:
    assert score(CALM)[target] < shipped.thresholds[target] <= score(strong)[target]


@pytest.mark.parametrize("of", [score, explain])
def test_targets_are_attributes_and_keys(of: Callable[[str], Any]) -> None:
    result = of(GUESS)
    assert result.speculation == result["speculation"] != result.clickbait
    assert {"clickbait", "speculation", "sensationalism"} <= set(dir(result))
    with pytest.raises(AttributeError, match="irony"):
        _ = result.irony
    with pytest.raises(KeyError, match="irony"):
        result["irony"]


@pytest.mark.parametrize("name", ["coverage", "clickbait", "anything"])
def test_a_score_is_frozen(name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(score(CALM), name, 0.5)


def test_a_score_as_dict_json_and_text() -> None:
    result = Score(("clickbait", "speculation"), (0.03125, 0.75), 0.5, (0.4, 0.3), (0.8, 0.9))
    as_dict = {"clickbait": 0.03125, "speculation": 0.75, "coverage": 0.5}
    assert result.to_dict() == json.loads(result.to_json()) == as_dict
    assert "\n" not in result.to_json()
    assert str(result) == "clickbait 0.03  speculation 0.75"
    assert repr(result) == "Score(clickbait=0.03125, speculation=0.75, coverage=0.5)"


@pytest.mark.parametrize(
    ("strength", "coverage", "flagged", "surely"),
    [
        (0.29, 1.0, [], []),
        (0.3, 0.1, ["doubt"], []),
        (0.9, 1.0, ["doubt"], ["doubt"]),
        (1, 0, [], []),
    ],
)
def test_flags_are_the_targets_at_or_above_a_threshold(
    strength: float, coverage: float, flagged: list[str], surely: list[str]
) -> None:
    result = Score(("calm", "doubt"), (0.1, strength), coverage, (0.2, 0.3), (0.2, 0.9))
    assert result.flags() == flagged
    assert result.flags(precise=True) == surely


def test_flags_take_the_model_s_own_thresholds(small: Model) -> None:
    at = [small.thresholds, small.precise_thresholds]
    for headline in (CALM, GUESS):
        result = small.score(headline)
        for precise, thresholds in enumerate(at):
            reached = [target for target in small.targets if result[target] >= thresholds[target]]
            assert result.flags(precise=bool(precise)) == reached


@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))],
    ids=["copy", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("of", [score, explain])
def test_results_can_be_copied_pickled_and_hashed(
    clone: Callable[[object], object], of: Callable[[str], object]
) -> None:
    result = of(GUESS)
    assert clone(result) == result
    assert len({result, clone(result), of(GUESS), of(CALM)}) == 2


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable_text_gets_the_base_rates_and_says_so(shipped: Model, text: str) -> None:
    result = score(text)
    assert result.coverage == 0.0
    assert result.strengths == pytest.approx(tuple(shipped.base_rates.values()), abs=1e-12)
    assert "base rates" in str(result)


def test_coverage_is_the_share_of_known_words() -> None:
    assert score(CALM).coverage == 1.0
    assert score("Council zxqvwk!").coverage == 0.5
    assert "base rates" not in str(score("Council zxqvwk"))


@pytest.mark.parametrize("wrong", [[CALM], None, CALM.encode(), 3, float("nan")])
def test_score_takes_one_str(wrong: object) -> None:
    with pytest.raises(TypeError, match=rf"not {type(wrong).__name__}: .*score_many\(\)"):
        score(wrong)  # type: ignore[arg-type]


@given(...)
def test_a_headline_scores_alike_in_any_company(texts: list[str]) -> None:
    columns = score_many(texts)
    for row, text in enumerate(texts):
        found = [column[row] for column in columns.values()]
        assert found == pytest.approx(score(text).strengths, rel=0, abs=1e-12)


@pytest.mark.parametrize("size", [1, 2, 4095, 4096, 4097, 8192, 9000])
def test_a_headline_scores_alike_in_a_batch_of_any_size(headlines: list[str], size: int) -> None:
    batch = (headlines * 2)[:size]
    columns = np.column_stack(list(score_many(batch).values()))
    backwards = np.column_stack(list(score_many(batch[::-1]).values()))
    assert np.array_equal(columns, backwards[::-1])
    for row in {0, size // 2, 4095, 4096, size - 1} & set(range(size)):
        assert columns[row] == pytest.approx(score(batch[row]).strengths, rel=0, abs=1e-12)


VARIATIONS: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "curly quotes": lambda text: text.replace("'", "’"),
    "entities": lambda text: text.replace("'", "&#39;"),
    "doubled spaces": lambda text: text.replace(" ", "  "),
    "trailing full stop": lambda text: f"{text}.",
    "blanks around": lambda text: f"  {text}\n",
    "full-width": lambda text: text.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}),
    "zero-width spaces": lambda text: "\u200b".join(text),
}


@pytest.mark.parametrize("headline", HEADLINES)
@pytest.mark.parametrize("vary", VARIATIONS.values(), ids=list(VARIATIONS))
def test_typing_hardly_moves_a_score(headline: str, vary: Callable[[str], str]) -> None:
    assert score(vary(headline)).strengths == pytest.approx(score(headline).strengths, abs=0.05)


@pytest.mark.parametrize("vary", VARIATIONS.values(), ids=list(VARIATIONS))
def test_typing_hardly_moves_scores_on_average(
    headlines: list[str], vary: Callable[[str], str]
) -> None:
    sample = headlines[::5]
    varied = score_many(map(vary, sample))
    for target, strengths in score_many(sample).items():
        assert np.abs(varied[target] - strengths).mean() < 0.01


@pytest.mark.parametrize(
    "text", ["council " * 130_000, "x" * 1_000_000, "!?" * 500_000, "&amp;" * 200_000]
)
def test_a_megabyte_of_text_scores(text: str) -> None:
    result = score(text)
    assert all(0 <= strength <= 1 for strength in result.strengths)
    assert result.coverage == (1.0 if "council" in text else 0.0)


BAIT = "You won't believe this shocking trick that doctors really hate"
DISGUISES = {
    "Cyrillic": "Yоu wоn't beliеvе this shосking triсk thаt dосtоrs rеаllу hаtе",
    "digits": "Y0u w0n't b3l13ve th15 5h0ck1ng tr1ck th4t d0ct0rs r34lly h4te",
    "doubled": "Youu wonn't belieeve thiis shoccking trickk thatt doctorrs reallly hatee",
    "spaced": "You won't believe this s h o c k i n g trick that doctors really hate",
    "drawn out": "You won't believe this shoooocking trick that doctors reaaaally hate",
    "invisible": "You won't bel\u200bieve this sho\u00adcking trick that doc\u2060tors really hate",
    "full-width": "You won't believe this ｓｈｏｃｋｉｎｇ trick that doctors really hate",
    "fillers": "You won't bel\u3164ieve this shock\x08ing trick that doc\u115ftors rea\x7flly hate",
    "Greek": "Yoυ woη't bεliενε τhis shoςkiηg triςκ thατ doςτοrs rεαllγ hατε",
    "Armenian": "Yօս wօո't believe this sհօckinց trick tհat dօctօrs really հate",
    "Cherokee": "YᎾU WᎾN'T ᏴELIEVE THIᏚ ᏚHᎾCKING TRICK THAT DᎾCTᎾRS REALLY HATE",
    "small capitals": "You won't believe this ꜱʜᴏᴄᴋɪɴɢ trick that ᴅᴏᴄᴛᴏʀꜱ really hate",
    "squares": "You won't believe this 🆂🅷🅾🅲🅺🅸🅽🅶 trick that 🅓🅞🅒🅣🅞🅡🅢 really hate",
    "with full stops": "You won't believe this s.h.o.c.k.i.n.g trick that doctors really hate",
    "with hyphens": "You won't believe this S-H-O-C-K-I-N-G trick that doctors really hate",
    "spaced widely": "You won't believe this S  H  O  C  K  I  N  G trick that doctors really hate",
}


@pytest.mark.parametrize("disguised", DISGUISES.values(), ids=DISGUISES)
def test_a_disguise_does_not_let_bait_off(disguised: str) -> None:
    assert score(BAIT).clickbait > 0.5
    assert score(disguised).clickbait == pytest.approx(score(BAIT).clickbait, abs=0.05)


@pytest.mark.parametrize("text", ["Москва сосна хор", "Σωκράτης και κόμη", "Α Ε Ο Ρ Т Х"])
def test_other_scripts_do_not_pass_for_english(text: str) -> None:
    assert score(text).coverage == 0


@pytest.mark.parametrize(
    "padding",
    [
        "{}, as the council of the northern region meets to adopt its budget",
        "{} (3 May 2024)",
        "{} #doctors #health",
        "{} | The Daily Example",
    ],
)
def test_a_strong_cue_does_not_drown(padding: str) -> None:
    assert "clickbait" in score(padding.format(BAIT)).flags()
