"""The edits of menus and keys: what they change of a document and a selection, and when nothing changes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId, ImageState, Origin
from app.document import ImageDocument
from app.edits import Edit, EditKind
from app.geometry import Polygons, from_mask, measure, to_mask
from app.records import DocumentData, ImageRecord
from model.masks import BoxMask
from tests.ui.canvas_fakes import Journal, annotation, mask_annotation, rectangle
from ui import session_edits

SIZE = (80, 60)
MASK = BoxMask(10, 8, np.ones((12, 20), np.bool_))
PROPOSED, DRAWN, ACCEPTED = AnnotationState.PROPOSED, AnnotationState.DRAWN, AnnotationState.ACCEPTED
ONE, TWO = AnnotationId(1), AnnotationId(2)


def document(*annotations: Annotation, state: ImageState = ImageState.NEW) -> ImageDocument:
    record = ImageRecord(ImageId(1), "a.png", *SIZE, state)
    ids = itertools.count(100)
    return ImageDocument(
        DocumentData(record, annotations, (), ()), Journal(), lambda: AnnotationId(next(ids))
    )


def one(id: int, state: AnnotationState, *, found: bool = False) -> Annotation:
    """`found`: a model proposed it once."""
    made = mask_annotation(id, MASK, SIZE, state=state)
    return replace(made, origin=Origin("m", (10, 8, 20, 12), (1.0,))) if found else made


def after(edit: Edit | None) -> list[AnnotationState | None]:
    assert edit is not None
    return [each.after.state if each.after is not None else None for each in edit.changes]


def test_only_proposals_are_accepted() -> None:
    there = document(one(1, PROPOSED), one(2, DRAWN))
    edit = session_edits.accept(there, [ONE, TWO, AnnotationId(9)])
    assert after(edit) == [ACCEPTED]
    assert session_edits.accept(there, [TWO]) is None


@pytest.mark.parametrize(
    ("state", "found", "kind", "left"),
    [
        (PROPOSED, True, EditKind.REJECT, AnnotationState.REJECTED),
        (PROPOSED, False, EditKind.REJECT, AnnotationState.REJECTED),
        (ACCEPTED, True, EditKind.REJECT, AnnotationState.REJECTED),  # it must not be proposed again
        (DRAWN, False, EditKind.REMOVE, None),
    ],
)
def test_what_a_model_found_is_rejected_and_what_was_drawn_goes(
    state: AnnotationState, found: bool, kind: EditKind, left: AnnotationState | None
) -> None:
    edit = session_edits.discard(document(one(1, state, found=found)), [ONE])
    assert edit is not None
    assert (edit.kind, after(edit)) == (kind, [left])


def test_what_is_rejected_already_is_not_chosen() -> None:
    there = document(one(1, AnnotationState.REJECTED))
    assert session_edits.chosen(there, [ONE]) == []
    assert session_edits.discard(there, [ONE]) is None


def test_a_proposal_that_gets_another_category_is_accepted_with_it() -> None:
    there = document(one(1, PROPOSED), one(2, DRAWN))
    assert after(session_edits.relabel(there, [ONE, TWO], CategoryId(2))) == [ACCEPTED, DRAWN]
    assert session_edits.relabel(there, [ONE, TWO], CategoryId(1)) is None  # they have it


@pytest.mark.parametrize(
    ("state", "begun"),
    [
        (ImageState.NEW, ImageState.IN_PROGRESS),
        (ImageState.PRELABELLED, ImageState.IN_PROGRESS),
        (ImageState.DONE, None),
    ],
)
def test_the_first_work_begins_an_image(state: ImageState, begun: ImageState | None) -> None:
    there = document(one(1, PROPOSED), state=state)
    edit = session_edits.accept(there, [ONE])
    assert edit is not None
    made = session_edits.complete(edit, there, "Ada")
    assert (made.author, made.state_after) == ("Ada", begun)
    assert made.at > 0


def test_another_state_is_no_work_of_its_own() -> None:
    there = document()
    assert session_edits.image_state(there, ImageState.NEW) is None
    edit = session_edits.image_state(there, ImageState.SKIPPED)
    assert edit is not None
    assert session_edits.complete(edit, there).state_after is ImageState.SKIPPED


def test_copies_are_drawn_ones_with_ids_of_their_own() -> None:
    there = document(one(1, PROPOSED, found=True))
    edit = session_edits.copies(there, [there.annotations[ONE]], (5.0, 3.0), who="Ada")
    assert edit is not None
    (made,) = [each.after for each in edit.changes]
    assert made is not None
    assert (made.id, made.state, made.origin, made.author) == (100, DRAWN, None, "Ada")
    assert made.bbox == (15, 11, 20, 12)


def test_copies_that_would_lie_outside_are_left_out() -> None:
    there = document(one(1, DRAWN))
    assert session_edits.copies(there, [there.annotations[ONE]], (80.0, 0.0)) is None


@given(st.integers(-40, 90), st.integers(-40, 70))
def test_a_moved_mask_is_cut_off_at_the_image(dx: int, dy: int) -> None:
    whole = np.zeros((200, 300), np.bool_)  # the image begins at (100, 100)
    whole[100 + 8 + dy : 100 + 20 + dy, 100 + 10 + dx : 100 + 30 + dx] = True
    inside = whole[100 : 100 + SIZE[1], 100 : 100 + SIZE[0]]
    found = session_edits.moved(from_mask(MASK, *SIZE), (float(dx), float(dy)), SIZE)
    if found is None:
        assert not inside.any()
        return
    mask, shown = to_mask(found, *SIZE), np.zeros_like(inside)
    rows, columns = mask.bits.shape
    shown[mask.top : mask.top + rows, mask.left : mask.left + columns] = mask.bits
    np.testing.assert_array_equal(shown, inside)


def test_a_moved_polygon_keeps_its_corners() -> None:
    drawn = annotation(1, rectangle(1, 2, 5, 6), SIZE)
    found = session_edits.moved(drawn.geometry, (0.5, -0.25), SIZE)
    assert isinstance(found, Polygons)
    assert found.parts[0].outline[0] == (1.5, 1.75)
    assert measure(found, *SIZE)[1] == drawn.area
