"""COCO JSON in and out of a project, and a check of any COCO file: the door to `app/formats/coco_*`."""

from app.formats.coco_check import Problem, Severity, check_coco
from app.formats.coco_export import export_coco
from app.formats.coco_import import import_coco
from app.formats.notes import Note
from app.formats.reports import ExportReport, ImportReport

__all__ = [
    "ExportReport",
    "ImportReport",
    "Note",
    "Problem",
    "Severity",
    "check_coco",
    "export_coco",
    "import_coco",
]
