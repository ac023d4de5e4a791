"""The tables of a project's database, and the version of their layout.

What the version means and how older layouts are brought up to date: `migrations`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from app import reads

MAJOR, MINOR = reads.MAJOR, reads.MINOR

metadata = MetaData()

meta = Table(
    "meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False)
)

setting = Table(
    "setting", metadata, Column("key", String(200), primary_key=True), Column("value", Text, nullable=False)
)

category = Table(
    "category",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # COCO's id, never renumbered
    Column("name", Text, nullable=False),
    Column("color", String(7), nullable=False),
    Column("supercategory", Text, nullable=False, default=""),
    Column("position", Integer, nullable=False, default=0),
    Column("removed", Boolean, nullable=False, default=False),  # kept for undo, and so that no id comes twice
)

image = Table(
    "image",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),  # posix, relative to the folder of images
    Column("width", Integer, nullable=False, default=0),  # upright; 0 = not read yet
    Column("height", Integer, nullable=False, default=0),
    Column("size", BigInteger, nullable=False, default=0),  # bytes
    Column("mtime", Float, nullable=False, default=0.0),
    Column("content_hash", String(64), nullable=False, default=""),
    Column("state", String(16), nullable=False),
    Column("missing", Boolean, nullable=False, default=False),
    Column("coco_id", BigInteger, unique=True),
    Column("undo_position", Integer, nullable=False, default=0),  # edits of this image that are in force
)

annotation = Table(
    "annotation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False),
    Column("category_id", Integer, ForeignKey("category.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(8), nullable=False),  # 'rle' or 'polygon'
    Column("geometry", LargeBinary, nullable=False),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("area", Float, nullable=False),
    Column("is_crowd", Boolean, nullable=False, default=False),
    Column("score", Float),
    Column("origin", Text),  # JSON
    Column("coefficients", LargeBinary),  # float64
    Column("author", Text, nullable=False, default=""),
    Column("created", Float, nullable=False, default=0.0),
    Column("seconds", Float, nullable=False, default=0.0),
    Column("extra", Text, nullable=False, default=""),
)

# Counts and scores of all images are read from the index alone, without touching the geometries.
annotation_by_image = Index(
    "annotation_by_image_and_state",
    annotation.c.image_id,
    annotation.c.id,
    annotation.c.state,
    annotation.c.score,
)

# Beside the annotations, since an id that was once exported outlives a removal that is undone.
annotation_coco = Table(
    "annotation_coco",
    metadata,
    Column("annotation_id", Integer, primary_key=True, autoincrement=False),
    Column("coco_id", BigInteger, nullable=False, unique=True),
)

# A measurement of a mask by a model version, no person's edit: beside the annotations, without a log. `shape`
# says which mask it was; another one (also by a program that does not know this table) makes it stale.
ceiling = Table(
    "ceiling",
    metadata,
    Column("annotation_id", Integer, primary_key=True, autoincrement=False),
    Column("model_version", String(200), primary_key=True),
    Column("shape", LargeBinary, nullable=False),  # a hash of the mask, the image's file and the method
    Column("alone", Float, nullable=False),  # IoU with the best of the prototypes alone
    Column("helped", Float, nullable=False),  # and with helper rows beside them
)

edit = Table(
    "edit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False),
    Column("position", Integer, nullable=False),  # 1, 2, ... within the image
    Column("kind", String(16), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("author", Text, nullable=False, default=""),
    Column("at", Float, nullable=False),
    Index("edit_by_image", "image_id", "position"),
)
