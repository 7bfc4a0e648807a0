"""How much is this headline shouting, baiting or guessing?"""

from headline_score.default import default_model, explain, score, score_many
from headline_score.errors import (
    EvaluationError,
    HeadlineScoreError,
    MissingExtraError,
    ModelFileError,
    PipelineError,
    TableError,
    TrainingError,
    WorkerError,
)
from headline_score.model import Model
from headline_score.result import Contribution, Explanation, Score, TargetExplanation

__version__ = "0.1.0"

__all__ = [
    "Contribution",
    "EvaluationError",
    "Explanation",
    "HeadlineScoreError",
    "MissingExtraError",
    "Model",
    "ModelFileError",
    "PipelineError",
    "Score",
    "TableError",
    "TargetExplanation",
    "TrainingError",
    "WorkerError",
    "default_model",
    "explain",
    "score",
    "score_many",
]
