"""Errors that a user can fix. Each message says what was expected, what came and what to do.

The command line prints the message of a `PhotochromError` or an `OSError` in one line and exits
with `exit_status`. Any other exception is a bug and shows its traceback.
"""


class PhotochromError(Exception):
    """An error that a user can fix."""

    exit_status = 2
    """Exit status of the command line."""


class ParameterError(PhotochromError, ValueError):
    """An argument of a function is out of range, or arguments contradict each other."""


class UsageError(PhotochromError, ValueError):
    """The arguments of a command are missing or contradict each other."""


class ConfigError(PhotochromError, ValueError):
    """A setting is out of range, or settings contradict each other."""


class FormatError(PhotochromError, ValueError):
    """A file is damaged, or has another format or version than expected."""


class StorageError(PhotochromError, OSError):
    """A path or URL cannot be read or written."""


class MissingError(StorageError, FileNotFoundError):
    """A path or URL does not exist."""


class ImageError(PhotochromError, ValueError):
    """An image cannot be read or written."""


class TooLargeError(ImageError):
    """An image has more pixels or bytes than the limit."""


class OutputError(ImageError):
    """An output image cannot be written as asked for."""


class PackedError(FormatError):
    """A packed HDF5 file of images is damaged or has another version."""


class DataError(PhotochromError, ValueError):
    """A data set has no images that can be used, or its tables do not match its images."""


class PriorError(PhotochromError, ValueError):
    """A prior cannot be built, viewed, merged or compared."""


class PriorFileError(PriorError, FormatError):
    """A prior file is damaged or has another format or version."""


class ModelError(PhotochromError, ValueError):
    """A model cannot be found, read, written or used as asked for."""


class TrainingError(PhotochromError, ValueError):
    """A training run cannot begin or continue."""


class DivergedError(TrainingError):
    """A training loss is not a finite number."""


class EvaluationError(PhotochromError, ValueError):
    """Methods or images cannot be compared as asked for."""


class StudyError(PhotochromError, ValueError):
    """A study contradicts itself, or the folder that it is to continue."""


class AnswersError(PhotochromError, ValueError):
    """Raters' answers are damaged, or belong to different studies."""


class NoEntryError(PhotochromError, ValueError):
    """A gallery has no entry of that name."""
