"""Annotations and edits as rows and bytes, and back. No SQL here.

Geometry: `rle` is the size and COCO's compressed counts as they are, `polygon` is compact JSON.
An edit's payload is zlib-compressed JSON; run-length counts travel in it as text (they are ASCII).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId, ImageState, Origin
from app.edits import Change, Edit, EditKind
from app.geometry import Geometry, PolygonPart, Polygons, RleMask

Row = dict[str, Any]
_compact = json.JSONEncoder(separators=(",", ":")).encode


def geometry_to_blob(geometry: Geometry) -> tuple[str, bytes]:
    """(kind, bytes) of a geometry."""
    if isinstance(geometry, RleMask):
        return "rle", b"%dx%d:" % (geometry.width, geometry.height) + geometry.counts
    return "polygon", _polygons_to_blob(geometry)


def _polygons_to_blob(geometry: Polygons) -> bytes:
    return _compact([[part.outline, *part.holes] for part in geometry.parts]).encode()


def geometry_from_blob(kind: str, blob: bytes) -> Geometry:
    """The geometry that `geometry_to_blob` wrote."""
    if kind == "rle":
        size, _, counts = blob.partition(b":")
        width, height = size.split(b"x")
        return RleMask(int(width), int(height), counts)
    rings = [[tuple((float(x), float(y)) for x, y in ring) for ring in part] for part in json.loads(blob)]
    return Polygons(tuple(PolygonPart(part[0], tuple(part[1:])) for part in rings))


def annotation_to_row(annotation: Annotation) -> Row:
    """The columns of one annotation."""
    kind, blob = geometry_to_blob(annotation.geometry)
    x, y, width, height = annotation.bbox
    return {
        "id": annotation.id,
        "image_id": annotation.image_id,
        "category_id": annotation.category_id,
        "state": str(annotation.state),
        "kind": kind,
        "geometry": blob,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "area": annotation.area,
        "is_crowd": annotation.is_crowd,
        "score": annotation.score,
        "origin": _origin_to_text(annotation.origin),
        "coefficients": _floats_to_blob(annotation.coefficients),
        "author": annotation.author,
        "created": annotation.created,
        "seconds": annotation.seconds,
        "extra": annotation.extra,
    }


COLUMNS = (  # of a row, in its order
    *("id", "image_id", "category_id", "state", "kind", "geometry", "x", "y", "width", "height", "area"),
    *("is_crowd", "score", "origin", "coefficients", "author", "created", "seconds", "extra"),
)


def annotation_from_row(row: Mapping[str, Any]) -> Annotation:
    """The annotation of one row."""
    return Annotation(
        id=AnnotationId(row["id"]),
        image_id=ImageId(row["image_id"]),
        category_id=CategoryId(row["category_id"]),
        state=AnnotationState(row["state"]),
        geometry=geometry_from_blob(row["kind"], bytes(row["geometry"])),
        bbox=(row["x"], row["y"], row["width"], row["height"]),
        area=row["area"],
        is_crowd=bool(row["is_crowd"]),
        score=row["score"],
        origin=_origin_from_text(row["origin"]),
        coefficients=_floats_from_blob(row["coefficients"]),
        author=row["author"],
        created=row["created"],
        seconds=row["seconds"],
        extra=row["extra"],
    )


def _origin_to_text(origin: Origin | None) -> str | None:
    if origin is None:
        return None
    region = [] if origin.region is None else [origin.region]
    return json.dumps([origin.model_version, origin.box, origin.coefficients, *region], separators=(",", ":"))


def _origin_from_text(text: str | None) -> Origin | None:
    if not text:
        return None
    version, box, coefficients, *region = json.loads(text)
    x, y, width, height = box
    seen = tuple(region[0]) if region else None
    return Origin(version, (x, y, width, height), tuple(coefficients), seen)


def _floats_to_blob(values: tuple[float, ...] | None) -> bytes | None:
    return None if values is None else np.asarray(values, np.float64).tobytes()


def _floats_from_blob(blob: bytes | None) -> tuple[float, ...] | None:
    return None if blob is None else tuple(np.frombuffer(blob, np.float64).tolist())


def edit_to_payload(edit: Edit, made: Sequence[tuple[Row | None, Row | None]] | None = None) -> bytes:
    """An edit as bytes. `made`: the rows of its changes' annotations (before, after) where they are there."""
    pairs = made or [(_row(change.before), _row(change.after)) for change in edit.changes]
    whole = {
        "changes": [[_to_json(before), _to_json(after)] for before, after in pairs],
        "state": [edit.state_before, edit.state_after],
    }
    return zlib.compress(_compact(whole).encode(), 1)


def edit_from_payload(payload: bytes, *, kind: str, image_id: int, author: str = "", at: float = 0.0) -> Edit:
    """The edit that `edit_to_payload` wrote."""
    whole = json.loads(zlib.decompress(payload))
    before, after = whole["state"]
    return Edit(
        kind=EditKind(kind),
        image_id=ImageId(image_id),
        changes=tuple(Change(_from_json(a), _from_json(b)) for a, b in whole["changes"]),
        state_before=ImageState(before) if before else None,
        state_after=ImageState(after) if after else None,
        author=author,
        at=at,
    )


def _row(annotation: Annotation | None) -> Row | None:
    return None if annotation is None else annotation_to_row(annotation)


def _to_json(row: Row | None) -> Row | None:
    if row is None:
        return None
    values = row["coefficients"]
    geometry = row["geometry"].decode("ascii")
    return {**row, "geometry": geometry, "coefficients": values and _floats_from_blob(values)}


def _from_json(row: Row | None) -> Annotation | None:
    if row is None:
        return None
    values = row["coefficients"]
    return annotation_from_row(
        {
            **row,
            "geometry": row["geometry"].encode("ascii"),
            "coefficients": None if values is None else _floats_to_blob(tuple(values)),
        }
    )
