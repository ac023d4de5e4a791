"""Faults of the world as the application tells them. The root of the tree is `model.errors.InputError`.

InputError
|-- ProjectError        a project that cannot be opened, or not by this program
|   `-- NewerProject    made by a newer program
|-- StoreError          a read or write of the project's database failed (disk full, read-only)
|-- ImportFault         an annotation file that cannot be read
|-- ExportFault         an annotation file that cannot be written
`-- HostError           the model's process failed or was stopped
"""

from model.errors import DataError, ImageError, InputError, WeightsError


class ProjectError(InputError):
    """A project that cannot be opened, made or changed."""


class NewerProject(ProjectError):
    """The project was written by a newer major version of the program."""


class StoreError(InputError):
    """A read or write of the project's database failed; nothing was half-written."""


class ImportFault(InputError):
    """An annotation file that cannot be read at all."""


class ExportFault(InputError):
    """An annotation file that could not be written; the old one, if any, is untouched."""


class HostError(InputError):
    """The model's process failed, was stopped, or could not start."""


__all__ = [
    "DataError",
    "ExportFault",
    "HostError",
    "ImageError",
    "ImportFault",
    "InputError",
    "NewerProject",
    "ProjectError",
    "StoreError",
    "WeightsError",
]
