"""Which annotations of a file the project has from before, so that importing it twice doubles nothing.

The same one: of the same geometry and category in the same image, or, corrected since, of the same COCO id
and category with a box that overlaps by half. Rejected ones count: they do not come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app import rows
from app.annotation import CategoryId, ImageId
from app.formats.coco_judge import Judged

if TYPE_CHECKING:
    from app.store import Store

Box = tuple[float, float, float, float]
OVERLAP = 0.5


@dataclass(slots=True)
class Known:
    """Annotations of some images. Each stands for one of a file only: equal ones are counted."""

    shapes: Counter[tuple[int, int, str, bytes]] = field(default_factory=Counter)
    by_coco_id: dict[tuple[int, int], tuple[int, Box]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, image_ids: Sequence[ImageId]) -> Known:
        """What the store has of these images."""
        known = cls()
        for row in store.annotation_rows(image_ids):
            image, category = row["image_id"], row["category_id"]
            known.shapes[image, category, row["kind"], bytes(row["geometry"])] += 1
            if row["coco_id"] is not None:
                box = (row["x"], row["y"], row["width"], row["height"])
                known.by_coco_id[image, row["coco_id"]] = (category, box)
        return known

    def take(self, image: ImageId, category: CategoryId, judged: Judged) -> bool:
        """Whether this one is there; if so, it is no longer there for the next."""
        if self.shapes:
            assert judged.shape.geometry is not None
            key = (image, category, *rows.geometry_to_blob(judged.shape.geometry))
            if self.shapes[key] > 0:
                self.shapes[key] -= 1
                return True
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
