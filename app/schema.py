"""The tables of a project's database, and the version of their layout.

The version has two parts: a newer major is refused in words, an older minor is brought up to date in place
after a copy of the file was made.
"""

from __future__ import annotations

from sqlalchemy import (
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

MAJOR, MINOR = 1, 0

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
)

image = Table(
    "image",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),  # posix, relative to the folder of images
    Column("width", Integer, nullable=False, default=0),  # upright; 0 = not read yet
    Column("height", Integer, nullable=False, default=0),
    Column("size", Integer, nullable=False, default=0),  # bytes
    Column("mtime", Float, nullable=False, default=0.0),
    Column("content_hash", String(64), nullable=False, default=""),
    Column("state", String(16), nullable=False),
    Column("missing", Boolean, nullable=False, default=False),
    Column("coco_id", Integer, unique=True),
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
    Column("coco_id", Integer, unique=True),
    Index("annotation_by_image", "image_id"),
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
