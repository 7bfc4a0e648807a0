"""The library's own exceptions: catch `HeadlineScoreError` to catch them all."""


class HeadlineScoreError(Exception):
    """Base of every error this library raises on purpose, but for `TypeError`s."""


class ModelFileError(HeadlineScoreError):
    """A model file is missing, damaged, or of a layout this version can't read or write."""


class TableError(HeadlineScoreError):
    """A table can't be read or written, or lacks the column that was asked for."""


class TrainingError(HeadlineScoreError):
    """Training data can't make a model: no rows, one class only, grades out of range."""


class PipelineError(HeadlineScoreError):
    """A scikit-learn pipeline can't become a model: it has a step or an option that none has."""


class EvaluationError(HeadlineScoreError):
    """Grades can't be compared with a model's scores: another target, no grade, out of range."""


class WorkerError(HeadlineScoreError):
    """Worker processes can't be given the model, or one ended before its work did."""


class MissingExtraError(HeadlineScoreError, ImportError):
    """A feature needs packages that the base install leaves out."""

    def __init__(self, feature: str, extra: str, package: str) -> None:
        super().__init__(
            f"{feature} needs {package}, which is not installed:"
            f' pip install "headline-score[{extra}]"'
        )
