"""Which annotations of a file the project has from before, so that importing it twice doubles nothing.

The same one: of the same geometry and category in the same image, or, corrected since, of the same COCO id
and category with a box that overlaps by half. Rejected ones count: they do not come back. An open proposal
is no work yet: work of the same geometry accepts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app import rows
from app.annotation import AnnotationState, CategoryId, ImageId
from app.formats.coco_judge import Judged

if TYPE_CHECKING:
    from app.store import Store

Box = tuple[float, float, float, float]
Key = tuple[int, int, str, bytes]  # image, category, geometry
OVERLAP = 0.5


@dataclass(slots=True)
class Known:
    """Annotations of some images. Each stands for one of a file only: equal ones are counted."""

    shapes: Counter[Key] = field(default_factory=Counter)
    proposals: dict[Key, list[dict[str, Any]]] = field(default_factory=dict)  # rows of open ones
    by_coco_id: dict[tuple[int, int], tuple[int, Box]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, image_ids: Sequence[ImageId]) -> Known:
        """What the store has of these images."""
        known = cls()
        for row in store.annotation_rows(image_ids):
            image, category = row["image_id"], row["category_id"]
            key = (image, category, row["kind"], bytes(row["geometry"]))
            if row["state"] == AnnotationState.PROPOSED:
                known.proposals.setdefault(key, []).append(row)
            else:
                known.shapes[key] += 1
            if row["coco_id"] is not None:
                box = (row["x"], row["y"], row["width"], row["height"])
                known.by_coco_id[image, row["coco_id"]] = (category, box)
        return known

    def find(self, image: ImageId, category: CategoryId, judged: Judged) -> bool | dict[str, Any]:
        """Whether this one is there, or the row of the open proposal that it is; not for the next then."""
        if self.shapes or self.proposals:
            assert judged.shape.geometry is not None
            key = (image, category, *rows.geometry_to_blob(judged.shape.geometry))
            if self.shapes[key] > 0:
                self.shapes[key] -= 1
                return True
            if self.proposals.get(key):
                return self.proposals[key].pop(0)
        if judged.raw.id is None or (image, judged.raw.id) not in self.by_coco_id:
            return False
        before, box = self.by_coco_id[image, judged.raw.id]
        return before == category and box_iou(box, judged.shape.bbox) >= OVERLAP


def box_iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes x y w h; 0 when both are empty."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(across, 0.0) * max(down, 0.0)
    either = one[2] * one[3] + other[2] * other[3] - both
    return both / either if either > 0 else 0.0
