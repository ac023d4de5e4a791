"""What a COCO file says beside its annotations: kept in the project's settings, given back at export.

`info` of the first file; `licenses` of all of them; the other fields of each image (a licence, an address),
by the project's image, a thousand images a setting.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.annotation import ImageId
from app.formats.coco_index import CocoIndex, as_json
from app.formats.notes import Tally

if TYPE_CHECKING:
    from app.records import ImageRecord
    from app.store import Store

INFO, LICENSES, IMAGES = "coco.info", "coco.licenses", "coco.images"
_BLOCK = 1000


def keep(store: Store, index: CocoIndex, images: Mapping[int, ImageRecord], changed: Tally) -> None:
    """Keep what `index` says beside the annotations; `images` by their ids in the file."""
    if isinstance(index.info, dict) and index.info:
        info = json.loads(as_json(index.info))
        if store.setting(INFO) is None:
            store.set_setting(INFO, info)
        elif store.setting(INFO) != info:
            changed.add("info of another file is there: that is kept")
    new_ids = _keep_licenses(store, index.licenses)
    blocks: dict[int, dict[str, Any]] = defaultdict(dict)
    for number, record in images.items():
        if index.images[number].extra:
            fields = json.loads(index.images[number].extra)
            license_id = fields.get("license")
            if isinstance(license_id, int) and license_id in new_ids:
                fields["license"] = new_ids[license_id]
            blocks[record.id // _BLOCK][str(record.id)] = fields
    for block, fields in blocks.items():
        key = f"{IMAGES}.{block}"
        before = store.setting(key, {})
        after = {**before, **{image: {**before.get(image, {}), **each} for image, each in fields.items()}}
        if after != before:
            store.set_setting(key, after)


def of_images(store: Store, ids: Sequence[ImageId]) -> Iterator[dict[str, Any]]:
    """The other fields of each of these images; {} where there are none."""
    blocks: dict[int, dict[str, Any]] = {}
    for number in ids:
        block = number // _BLOCK
        if block not in blocks:
            blocks = {block: store.setting(f"{IMAGES}.{block}", {})}
        yield blocks[block].get(str(number), {})


def _keep_licenses(store: Store, value: object) -> dict[int, int]:
    """Add the file's licences; the new ids of those whose id stands for another one in the project."""
    if not isinstance(value, list):
        return {}
    known: list[Any] = store.setting(LICENSES, [])
    by_id = {each["id"]: each for each in known}
    given = [
        json.loads(as_json(each)) for each in value if isinstance(each, dict) and type(each.get("id")) is int
    ]
    new_ids: dict[int, int] = {}
    free = max([0, *by_id, *(each["id"] for each in given)]) + 1
    for each in given:
        same = [number for number, other in by_id.items() if {**other, "id": 0} == {**each, "id": 0}]
        if same:
            number = each["id"] if each["id"] in same else same[0]
        else:
            number = each["id"] if each["id"] not in by_id else free
            free += number == free
            by_id[number] = {**each, "id": number}
        if number != each["id"]:
            new_ids[each["id"]] = number
    if list(by_id.values()) != known:
        store.set_setting(LICENSES, list(by_id.values()))
    return new_ids
