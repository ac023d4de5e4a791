"""Published weights from a hub: fetched, gone on with, checked; without network the manual way is told."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app import hub_file, pretrained
from app.cli import main
from app.errors import InputError
from app.pretrained import MODELS, DownloadStopped, download, find
from tests.model.published_files import write_published

CONTENT = bytes(range(256)) * 100_000  # 25.6 MB: three of the client's pieces
MODEL = MODELS[0]


class Hub(ThreadingHTTPServer):
    """As much of the hub as a download needs: sizes, hashes, ranges."""

    daemon_threads = True
    content = CONTENT
    file = MODEL.file
    digest = hashlib.sha256(CONTENT).hexdigest()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, str, str | None]] = []
        self.cuts: list[int] = []  # bytes after which the next answers with a body end
        self.refusals: list[int] = []  # status of the next answers with a body
        self.ranges = True
        self.described = 0  # its size, where that is wrong
        self.more = threading.Event()  # until then nothing comes after a cut
        self.more.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about."""


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def _head(self) -> bytes:
        self.server.asked.append((self.command, self.path, self.headers.get("Range")))
        if not self.path.endswith(f"/resolve/main/{self.server.file}"):
            return self._refuse(404)
        if self.command == "GET" and self.server.refusals:
            return self._refuse(self.server.refusals.pop(0))
        asked = self.headers.get("Range") if self.server.ranges else None
        start = int((asked or "bytes=0-").removeprefix("bytes=").split("-")[0])
        body, size = self.server.content[start:], len(self.server.content)
        if start >= size:
            return self._refuse(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{self.server.digest}"')
        self.send_header("X-Linked-Etag", f'"{self.server.digest}"')
        self.send_header("X-Linked-Size", str(self.server.described or size))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return body

    def _refuse(self, status: int) -> bytes:
        self.send_response(status)
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return b""

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        body = self._head()
        cut = self.server.cuts.pop(0) if body and self.server.cuts else len(body)
        self.wfile.write(body[:cut])
        self.wfile.flush()
        self.server.more.wait(20)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched_whole_and_only_once(hub: Hub, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = download(MODEL, tmp_path, lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [each.name for each in tmp_path.iterdir()] == [MODEL.file]
    before = len(hub.asked)
    assert download(MODEL, tmp_path) == path
    assert len(hub.asked) == before


def test_a_stopped_download_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    came: list[int] = []
    with pytest.raises(DownloadStopped, match="kept"):
        download(MODEL, tmp_path, lambda done, _: came.append(done), lambda: len(came) == 2)
    part = next(tmp_path.iterdir())
    kept = part.stat().st_size
    assert part.name.endswith(".part")
    assert 0 < kept < len(CONTENT)
    told: list[int] = []
    assert download(MODEL, tmp_path, lambda done, _: told.append(done)).read_bytes() == CONTENT
    assert hub.asked[-1][2] == f"bytes={kept}-"
    assert told[0] > kept


def test_a_line_that_breaks_is_taken_up_again(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_file, "PAUSES", (0.01, 0.01))
    hub.cuts, hub.refusals = [5_000_000, 7_000_000, 0], [503]
    assert download(MODEL, tmp_path).read_bytes() == CONTENT
    begun = [asked for command, _, asked in hub.asked if command == "GET"]
    assert begun[:2] == [None, None]  # refused, then cut
    assert len(begun) == 5
    assert 0 < int(str(begun[2])[6:-1]) <= 5_000_000 < int(str(begun[3])[6:-1]) <= 12_000_000


def test_a_line_that_stays_broken_keeps_what_came(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_file, "PAUSES", (0.01, 0.01))
    hub.cuts = [6_000_000, 0, 0, 0]
    with pytest.raises(InputError, match=r"MB that came are kept.*try again, or fetch") as caught:
        download(MODEL, tmp_path)
    assert "\n" not in str(caught.value)
    hub.cuts = []
    assert download(MODEL, tmp_path).read_bytes() == CONTENT
    assert hub.asked[-1][2] is not None


def test_a_hub_that_sends_all_of_it_again_is_taken_at_its_word(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_file, "PAUSES", (0.01,))
    hub.cuts, hub.ranges = [5_000_000], False
    assert download(MODEL, tmp_path).read_bytes() == CONTENT


def test_a_hub_that_sends_nothing_more_can_be_left_at_once(hub: Hub, tmp_path: Path) -> None:
    hub.cuts = [6_000_000]
    hub.more.clear()
    came: list[int] = []

    def enough() -> bool:
        return bool(came) and came[-1] > 5_000_000

    try:
        with pytest.raises(DownloadStopped, match="MB that came are kept"):
            download(MODEL, tmp_path, lambda done, _: came.append(done), enough)
    finally:
        hub.more.set()


def test_a_disk_that_fills_up_meanwhile_keeps_what_came(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("app.hub_file.os.fsync", full)
        with pytest.raises(
            InputError, match=r"to write .* No space left on device; 26 MB that came are kept"
        ):
            download(MODEL, tmp_path)
    before = len(hub.asked)
    assert download(MODEL, tmp_path).read_bytes() == CONTENT
    assert [command for command, _, _ in hub.asked[before:]] == ["HEAD"]  # all had come


def test_one_file_is_fetched_by_one_at_a_time(hub: Hub, tmp_path: Path) -> None:
    refused: list[str] = []

    def another(done: int, total: int) -> None:
        if not refused:
            with pytest.raises(InputError, match="got a download under way") as caught:
                download(MODEL, tmp_path)
            refused.append(str(caught.value))

    assert download(MODEL, tmp_path, another).read_bytes() == CONTENT
    assert len(refused) == 1
    assert [each.name for each in tmp_path.iterdir()] == [MODEL.file]


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("app.pretrained.shutil.disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(InputError, match="expected room for 26 MB, got 1 MB"):
        download(MODEL, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_thrown_away(hub: Hub, tmp_path: Path) -> None:
    hub.content = CONTENT[:-1] + b"x"
    with pytest.raises(InputError, match="damaged"):
        download(MODEL, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [-1000, 1000])
def test_a_file_of_another_size_than_described_is_thrown_away(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    monkeypatch.setattr(hub_file, "PAUSES", (0.01,))
    hub.described = len(CONTENT) + more
    with pytest.raises(InputError, match="damaged"):
        download(MODEL, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changed_on_the_hub_is_not_mixed(hub: Hub, tmp_path: Path) -> None:
    came: list[int] = []
    with pytest.raises(DownloadStopped):
        download(MODEL, tmp_path, lambda done, _: came.append(done), lambda: len(came) == 2)
    hub.content = CONTENT[::-1]
    hub.digest = hashlib.sha256(hub.content).hexdigest()
    assert download(MODEL, tmp_path).read_bytes() == hub.content


def test_what_the_hub_does_not_have_is_told_with_the_manual_way(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected to fetch no_54.*404, Not Found.*protolabel convert"
    ) as caught:
        download(replace(MODEL, name="no"), tmp_path)
    assert "\n" not in str(caught.value)


def test_without_network_the_manual_way_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.chdir(tmp_path)
    assert main(["pretrained", "--get", MODEL.name]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"protolabel convert {MODEL.file} --out {MODEL.name}.safetensors" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("endpoint", ["localhost:8080", "file:///tmp", "http://[bad", "http://"])
def test_a_hub_that_is_no_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(InputError, match="HF_ENDPOINT: expected an address"):
        download(MODEL, tmp_path)


def test_the_table_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pretrained", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert [one["name"] for one in models] == [model.name for model in MODELS]
    assert main(["pretrained"]) == 0
    assert "yolact_plus_base" in capsys.readouterr().out


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="yolact_base"):
        find("yolact")


def test_a_fetched_file_becomes_ours(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from model.checkpoint import load

    name = "yolact_edge_mobilenetv2"  # the smallest of the family
    small = replace(MODEL, name=name)
    monkeypatch.setattr(pretrained, "MODELS", (small,))
    monkeypatch.setattr(hub, "file", small.file)
    path, state = write_published(tmp_path, name)
    hub.content = path.read_bytes()
    hub.digest = hashlib.sha256(hub.content).hexdigest()
    path.unlink()
    monkeypatch.chdir(tmp_path)
    assert main(["pretrained", "--get", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["licence"] == small.licence
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"{name}.json", f"{name}.safetensors"]
    model, card = load(tmp_path / f"{name}.safetensors")
    assert card.config.name == name
    assert bool((model.state_dict()["proto_net.0.weight"] == state["proto_net.0.weight"]).all())


def test_a_download_stopped_by_a_key_says_what_is_kept(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.hub_file.fetch", press)
    assert main(["pretrained", "--get", MODEL.name, "--out", str(tmp_path / "w.safetensors")]) == 130
    assert "what came is kept" in capsys.readouterr().err


def test_a_fetched_file_that_is_no_weights_is_refused(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.content = b"no weights"
    hub.digest = hashlib.sha256(hub.content).hexdigest()
    assert main(["pretrained", "--get", MODEL.name, "--out", str(tmp_path / "w.safetensors")]) == 2
    assert MODEL.file in capsys.readouterr().err
    assert not (tmp_path / "w.safetensors").exists()


def test_the_table_says_what_the_networks_are() -> None:
    import torch

    from model.config import CONFIGS
    from model.yolact import build

    for model in MODELS:
        config = CONFIGS[model.name]
        with torch.device("meta"):
            count = sum(each.numel() for each in build(config).parameters())
        assert (model.size, model.parameters) == (config.input_size, count)
        assert pretrained.address(model).endswith(model.file)
