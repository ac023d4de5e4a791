"""Reads image files: size and turn from the header, pixels as 8-bit red, green, blue, upright.

Frame of everything given: image pixels after the EXIF turn. Pillow reads headers and odd formats; plain
JPEGs are decoded by OpenCV, which is faster. Files are opened for reading only. Nothing here imports torch.
How values become 8-bit: 16-bit and float images are stretched (`_stretch`), transparency is laid on white,
the first picture of a sequence counts.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.errors import ImageError
from model.opencv import cv2

MAX_PIXELS = 1_000_000_000  # larger is refused before memory is taken
_SUFFIXES = "jpg jpeg jpe jfif mpo png apng bmp dib gif tif tiff webp avif jp2 ppm pgm pbm pnm tga"
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())
REDUCTIONS = (1, 2, 4, 8)

# Pillow warns of damaged EXIF blocks and odd TIFF tags, on stderr; what matters is raised.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# Pillow would refuse from 179 megapixels on; the limit here is MAX_PIXELS, checked after each open.
Image.MAX_IMAGE_PIXELS = None

# What Pillow's decoders raise on damaged files; they read untrusted bytes with plain Python.
_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
)
_ORIENTATION = 0x0112
_REDUCED = {  # names in OpenCV, which is loaded when the first picture is
    1: "IMREAD_COLOR",
    2: "IMREAD_REDUCED_COLOR_2",
    4: "IMREAD_REDUCED_COLOR_4",
    8: "IMREAD_REDUCED_COLOR_8",
}


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a file says of itself; width and height upright."""

    width: int
    height: int
    format: str  # Pillow's name: JPEG, PNG, TIFF, ...


def read_header(path: Path) -> ImageHeader:
    """Size and format without decoding pixels. Raises ImageError."""
    try:
        with path.open("rb") as file:
            image, turn = _open(file, path)
            return _header(image, turn)
    except OSError as error:
        raise _unreadable(path, error) from None


def read_image(path: Path, reduce: int = 1) -> NDArray[np.uint8]:
    """The pixels: (h, w, 3) RGB, upright, contiguous.

    `reduce`: 1, 2, 4 or 8 divides both sides, rounding up, for previews; JPEG decoders do it cheaply.
    Raises ImageError, also for files that are cut short.
    """
    if reduce not in REDUCTIONS:
        raise ValueError(f"reduce: expected one of {REDUCTIONS}, got {reduce}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    image, turn = _open(io.BytesIO(data), path)
    header = _header(image, turn)
    try:
        pixels = None
        if image.mode in ("L", "RGB") and _is_whole_jpeg(data):
            pixels = _decode_jpeg(data, reduce)
        if pixels is None:
            pixels = _reduced(_to_rgb(image), reduce)
        pixels = _turned(pixels, turn)
    except MemoryError:
        raise ImageError(
            f"{path.name}: {header.width} x {header.height} pixels do not fit into memory: use a smaller one"
        ) from None
    except (*_FAULTS, cv2.error) as error:
        raise ImageError(
            f"{path.name}: expected a whole {header.format} image, but it is damaged or cut short "
            f"({_words(error)}): get the file again"
        ) from None
    expected = (-(-header.height // reduce), -(-header.width // reduce), 3)
    if pixels.shape != expected:
        raise ImageError(
            f"{path.name}: the header promises {header.width} x {header.height} pixels, "
            f"the data hold {pixels.shape[1]} x {pixels.shape[0]}: get the file again"
        )
    return np.ascontiguousarray(pixels)


def _open(file: BinaryIO, path: Path) -> tuple[Image.Image, int]:
    """Pillow's lazy image and its EXIF orientation 1..8. Raises ImageError."""
    try:
        image = Image.open(file)
    except MemoryError:
        raise ImageError(f"{path.name}: the header asks for more memory than there is") from None
    except _FAULTS:
        raise ImageError(f"{path.name}: expected an image, got {_kind(path)}") from None
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"{path.name}: expected an image with pixels, got {width} x {height}")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{path.name}: expected at most {MAX_PIXELS // 10**6} megapixels, got {width} x {height} "
            f"({width * height / 1e6:.0f} megapixels): cut it into pieces"
        )
    return image, _orientation(image)


def _orientation(image: Image.Image) -> int:
    """EXIF's turn, 1 for none; a damaged block counts as none."""
    if image.format == "TIFF":
        return 1  # Pillow turns TIFF by itself
    try:
        # The base class' method: PNG's own decodes all pixels to look for a block behind them.
        value = Image.Image.getexif(image).get(_ORIENTATION, 1)
    except _FAULTS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _header(image: Image.Image, turn: int) -> ImageHeader:
    width, height = image.size if turn < 5 else image.size[::-1]
    return ImageHeader(width, height, image.format or "?")


def _turned(pixels: NDArray, turn: int) -> NDArray:
    """Undo the turn that the EXIF orientation names."""
    match turn:
        case 2:
            return cv2.flip(pixels, 1)
        case 3:
            return cv2.rotate(pixels, cv2.ROTATE_180)
        case 4:
            return cv2.flip(pixels, 0)
        case 5:
            return cv2.transpose(pixels)
        case 6:
            return cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            return cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180)
        case 8:
            return cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return pixels


def _is_whole_jpeg(data: bytes) -> bool:
    """A JPEG whose end marker follows its picture data: OpenCV fills what is missing with grey in silence."""
    if data[:3] != b"\xff\xd8\xff":
        return False
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:  # start of scan; a coded FF in the scan is never followed by D9
            return data.find(b"\xff\xd9", at) > 0
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def _decode_jpeg(data: bytes, reduce: int) -> NDArray[np.uint8] | None:
    flags = getattr(cv2, _REDUCED[reduce]) | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return None if pixels is None else _bytes(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels))


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    image.load()
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        grey = _stretch(np.asarray(image))
        return _bytes(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    return np.asarray(image.convert("RGB"))


def _stretch(values: NDArray) -> NDArray[np.uint8]:
    """Deep or float values -> 0..255: as they are if they look 8-bit, 0..1 times 255, else stretched.

    The darkest and lightest thousandth are left out of the stretch, so that one hot pixel does not count;
    values that are no numbers become black.
    """
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(values.shape, np.uint8)
    low, high = np.percentile(values[finite], (0.1, 99.9))
    minimum, maximum = values[finite].min(), values[finite].max()
    if values.dtype.kind == "f" and minimum >= 0 and maximum <= 1:
        low, high = 0.0, 1.0
    elif minimum >= 0 and maximum <= 255:
        low, high = 0.0, 255.0
    elif high <= low:
        low, high = float(minimum), float(maximum)
    span = max(float(high) - float(low), 1e-12)
    scaled = (np.where(finite, values, low).astype(np.float64) - low) * (255.0 / span)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _reduced(pixels: NDArray[np.uint8], reduce: int) -> NDArray[np.uint8]:
    if reduce == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = (-(-width // reduce), -(-height // reduce))
    return _bytes(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _bytes(pixels: NDArray) -> NDArray[np.uint8]:
    return np.asarray(pixels, np.uint8)  # OpenCV's types say less than is true; no copy


def _kind(path: Path) -> str:
    """What an unreadable file seems to be, in a few words."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return "an unreadable file"
    if not start:
        return "an empty file"
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer: fetch the real file with `git lfs pull`"
    if start[4:8] == b"ftyp":
        return "a HEIF or video container that is not supported: convert it to JPEG or PNG"
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\x00", b"MM\x00*")):
        return "a damaged or cut-short image: get the file again"
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        return "a text file"
    return "an unknown format: convert it to JPEG or PNG"


def _unreadable(path: Path, error: OSError) -> ImageError:
    return ImageError(f"{path.name}: expected a readable image file, got: {error.strerror or _words(error)}")


def _words(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
