"""The error tree. `InputError`: a fault of the world, told to a person in one line.

    InputError              bad file, bad value, bad use: what was expected, what came, what to do
    |-- ImageError          a file that cannot be read as an image
    |-- WeightsError        weights that do not fit, are cut short, or hold code
    `-- DataError           annotations that cannot be used

Anything else that escapes is a bug of ours and keeps its traceback.
"""


class InputError(Exception):
    """A fault of the world. `str(error)` is one line: expected, came, what to do."""


class ImageError(InputError):
    """A file that cannot be read as an image."""


class WeightsError(InputError):
    """Weights that do not fit the configuration, are damaged, or are not plain tensors."""


class DataError(InputError):
    """Annotations that cannot be used for training or evaluation."""
