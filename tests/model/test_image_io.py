"""Reading images: every turn, every kind of pixel, refusals in one line, and the awkward real files."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from model.errors import ImageError
from model.image_io import MAX_PIXELS, ImageHeader, read_header, read_image

# Pillow warns of odd metadata; what matters it raises.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::DeprecationWarning:PIL")


def four_corners(width: int = 48, height: int = 32) -> np.ndarray:
    """Red, green, blue and white quarters: every turn looks different."""
    pixels = np.zeros((height, width, 3), np.uint8)
    half_x, half_y = width // 2, height // 2
    pixels[:half_y, :half_x, 0] = pixels[:half_y, half_x:, 1] = pixels[half_y:, :half_x, 2] = 255
    pixels[half_y:, half_x:] = 255
    return pixels


def save(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    return block


# What a stored upright picture must look like after the turn that each number asks for.
TURNS = {
    0: lambda a: a,
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", TURNS)
def test_every_exif_turn_is_undone(tmp_path: Path, suffix: str, orientation: int) -> None:
    if suffix == "tif" and orientation == 0:
        pytest.skip("Pillow writes no TIFF with an orientation of 0")
    pixels = four_corners()
    path = save(tmp_path / f"a.{suffix}", pixels, exif=exif(orientation), quality=100)
    upright = TURNS[orientation](pixels)
    found, header = read_image(path), read_header(path)
    assert (header.height, header.width) == upright.shape[:2] == found.shape[:2]
    # the middle of each quarter: JPEG blurs the seams
    rows = [found.shape[0] // 4, found.shape[0] * 3 // 4]
    columns = [found.shape[1] // 4, found.shape[1] * 3 // 4]
    np.testing.assert_allclose(
        found[np.ix_(rows, columns)].astype(int), upright[np.ix_(rows, columns)].astype(int), atol=4
    )


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm"])
def test_lossless_kinds_give_their_pixels(tmp_path: Path, suffix: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(save(tmp_path / f"a.{suffix}", pixels)), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_red_green_blue(tmp_path: Path, mode: str) -> None:
    suffix = "tif" if mode == "CMYK" else "png"
    if mode == "I;16":
        image = Image.fromarray(np.full((6, 7), 1000, np.uint16))
    else:
        image = Image.fromarray(np.full((6, 7, 3), 255, np.uint8)).convert(mode)
    image.save(tmp_path / f"a.{suffix}")
    found = read_image(tmp_path / f"a.{suffix}")
    assert (found.shape, found.dtype) == ((6, 7, 3), np.uint8)
    assert mode == "I;16" or (found == 255).all()


def test_transparent_pixels_are_white(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (255, 0, 0, 255)
    found = read_image(save(tmp_path / "a.png", pixels))
    np.testing.assert_array_equal(found[0], [[255, 0, 0], [255, 255, 255]])


def test_sixteen_bits_are_stretched(tmp_path: Path) -> None:
    values = np.linspace(2000, 6000, 100 * 100).reshape(100, 100).astype(np.uint16)
    found = read_image(save(tmp_path / "a.tif", values))
    assert (found[0, 0, 0], found[-1, -1, 0]) == (0, 255)
    assert found[50, 0, 0] == pytest.approx(128, abs=2)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0.0, 0.5, 1.0]], [0, 128, 255]),
        ([[0.0, 100.0, 255.0]], [0, 100, 255]),
        ([[-10.0, 0.0, 10.0]], [0, 128, 255]),
        ([[np.nan, np.nan, np.nan]], [0, 0, 0]),
        ([[7e5, 7e5, 7e5]], [0, 0, 0]),
    ],
)
def test_floats_are_scaled_by_their_range(tmp_path: Path, values: list, expected: list) -> None:
    found = read_image(save(tmp_path / "a.tif", np.array(values, np.float32)))
    np.testing.assert_allclose(found[0, :, 0].astype(int), expected, atol=1)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("reduce", [2, 4, 8])
def test_reduced_previews_round_up(tmp_path: Path, suffix: str, reduce: int) -> None:
    path = save(tmp_path / f"a.{suffix}", four_corners(101, 67), exif=exif(6))
    found = read_image(path, reduce)
    assert found.shape == (-(-101 // reduce), -(-67 // reduce), 3)
    np.testing.assert_allclose(found[2, -3], [255, 0, 0], atol=40)  # red went to the top right


def test_the_first_picture_of_a_sequence_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_image(tmp_path / "a.gif")[0, 0], [255, 0, 0])


def test_names_need_not_be_ascii(tmp_path: Path) -> None:
    path = save(tmp_path / "Ünï 名前 #1 %20.jpg", four_corners())
    assert read_image(path).shape == (32, 48, 3)


def test_reading_leaves_the_file_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", four_corners(), exif=exif(6))
    path.chmod(0o444)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    read_header(path)
    read_image(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def outcome(path: Path) -> tuple[str, ImageHeader | None, np.ndarray | None]:
    """What was refused in which words, or what was read."""
    try:
        header = read_header(path)
        if header.width * header.height > 10**8:
            return "not worth the memory here", header, None
        return "", header, read_image(path)
    except ImageError as error:
        return str(error), None, None


def refusal(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty file"),
        (b"hello, I am text", "text file"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        (b"\x00\x00\x00\x20ftypheic" + bytes(40), "HEIF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "damaged"),
        (bytes(range(128, 256)), "unknown format"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    message = refusal(path)
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "gif", "bmp", "webp"])
def test_a_cut_short_file_is_refused(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path / f"a.{suffix}", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert path.name in refusal(path)


def test_a_jpeg_without_its_end_is_refused_though_its_thumbnail_has_one(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    thumbnail = save(tmp_path / "t.jpg", noise[:8, :8]).read_bytes()
    block = b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail  # an application's block
    data = save(tmp_path / "a.jpg", noise).read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[:2] + block + data[2:-1500])
    assert "cut short" in refusal(tmp_path / "a.jpg")


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "readable" in refusal(tmp_path)
    assert "readable" in refusal(tmp_path / "nothing.png")


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 40000, 40000, 8, 2, 0, 0, 0))
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    assert MAX_PIXELS < 40000 * 40000
    assert "1600 megapixels" in refusal(path)
    with pytest.raises(ImageError, match="at most 1000"):
        read_header(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "tif", "bmp", "webp"])
def test_damaged_bytes_are_read_or_refused(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    path = tmp_path / f"a.{suffix}"
    content = bytearray(save(path, four_corners(16, 12)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    message, header, pixels = outcome(path)
    if pixels is None:
        assert message
        assert "\n" not in message
    else:
        assert pixels.shape == (header.height, header.width, 3)


@pytest.mark.shared
def test_the_awkward_files_behave(shared_data: Path) -> None:
    folder = shared_data / "awkward"
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8"))["files"]:
        path, expect = folder / entry["file"], entry["expect"]
        message, header, pixels = outcome(path)
        if pixels is None:
            assert expect != "ok", message
            assert "\n" not in message
        else:
            assert expect in ("ok", "either"), path
            size = tuple(entry["expected_size"])
            assert (header.width, header.height) == size == pixels.shape[1::-1], path
