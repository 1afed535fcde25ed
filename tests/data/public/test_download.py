"""Downloads against a server on this computer: cut off, taken up again, moved, changed, or not what was published."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data.corpus import Progress
from data.errors import Cancelled, DownloadError, WorkspaceError
from data.public import download as download_module
from data.public.download import download

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Publisher:
    """A server that can be told how to misbehave."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.cut_after: list[int] = []  # bytes of each answer before the connection breaks, one entry an answer
        self.ranges = True
        self.status = 200
        self.asked: list[str | None] = []  # the Range of each request
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.timeout = 5
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/corpus.tar.gz"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.asked.append(asked)
        if self.status != 200:
            request.send_error(self.status)
            return
        first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if first >= len(self.content) > 0:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        piece = self.content[first:]
        request.send_response(206 if asked and self.ranges else 200)
        if asked and self.ranges:
            request.send_header("Content-Range", f"bytes {first}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(piece)))
        request.end_headers()
        request.wfile.write(piece[: self.cut_after.pop(0)] if self.cut_after else piece)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(download_module, "_PAUSE", 0.001)
    made = Publisher()
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corpus.tar.gz"


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def test_a_file_arrives_whole_with_progress(publisher: Publisher, path: Path) -> None:
    told: list[Progress] = []
    download(publisher.url, path, size=len(CONTENT), sha256=SHA256, report=told.append)
    assert path.read_bytes() == CONTENT
    assert not _part(path).exists()
    stages = [one.stage for one in told]
    assert stages.index("Checking the download") > stages.index("Downloading")
    assert [one for one in told if one.stage == "Downloading"][-1].done == len(CONTENT)


def test_a_cut_off_download_goes_on_where_it_was(publisher: Publisher, path: Path) -> None:
    publisher.cut_after = [300_000, 300_000]
    download(publisher.url, path, size=len(CONTENT), sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert publisher.asked[0] is None
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in publisher.asked[1:] if asked]
    assert len(starts) == 2
    assert 0 < starts[0] < starts[1]


def test_what_is_there_after_all_tries_is_kept_for_the_next(publisher: Publisher, path: Path) -> None:
    publisher.cut_after = [300_000, 0, 0, 0]
    with pytest.raises(DownloadError, match="MB are stored"):
        download(publisher.url, path, size=len(CONTENT))
    kept = _part(path).stat().st_size
    assert 0 < kept < len(CONTENT)
    assert not path.exists()
    publisher.asked.clear()
    download(publisher.url, path, size=len(CONTENT), sha256=SHA256)
    assert publisher.asked == [f"bytes={kept}-"]
    assert path.read_bytes() == CONTENT


def test_a_server_without_ranges_begins_anew(publisher: Publisher, path: Path) -> None:
    publisher.ranges = False
    _part(path).write_bytes(b"something else")
    download(publisher.url, path, sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_complete_already_is_not_fetched_again(publisher: Publisher, path: Path) -> None:
    _part(path).write_bytes(CONTENT)
    download(publisher.url, path, size=len(CONTENT), sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(publisher: Publisher, path: Path) -> None:
    _part(path).write_bytes(CONTENT + b"more")
    download(publisher.url, path, size=len(CONTENT), sha256=SHA256)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_answer_that_is_no_file(publisher: Publisher, path: Path, status: int) -> None:
    publisher.status = status
    with pytest.raises(DownloadError, match=f"status {status}"):
        download(publisher.url, path)
    assert not path.exists()


def test_a_wrong_checksum_is_no_corpus(publisher: Publisher, path: Path) -> None:
    publisher.content = CONTENT[:-1] + b"x"
    with pytest.raises(DownloadError, match="checksum is not the published one"):
        download(publisher.url, path, size=len(CONTENT), sha256=SHA256)
    assert not path.exists()
    assert not _part(path).exists(), "the next try must not go on from it"


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x", b""])
def test_another_length_is_no_corpus(publisher: Publisher, path: Path, content: bytes) -> None:
    publisher.content = content
    with pytest.raises(DownloadError, match=f"instead of {len(CONTENT)}"):
        download(publisher.url, path, size=len(CONTENT))
    assert not path.exists()


def test_no_network_is_said_in_a_sentence(publisher: Publisher, path: Path) -> None:
    publisher.close()
    with pytest.raises(DownloadError, match=r"no connection\)\. Check the network\."):
        download(publisher.url, path)


def test_it_can_be_stopped_and_keeps_its_part(publisher: Publisher, path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done > 400_000:
            raise Cancelled("no")

    with pytest.raises(Cancelled):
        download(publisher.url, path, report=stop)
    assert not path.exists()
    assert _part(path).stat().st_size > 400_000


def test_a_full_disk_is_told_before_anything_is_asked(publisher: Publisher, path: Path) -> None:
    with pytest.raises(WorkspaceError, match="ECHOIC_HOME"):
        download(publisher.url, path, size=10**18)
    assert publisher.asked == []


def test_a_disk_that_fills_up_is_told(publisher: Publisher, path: Path) -> None:
    _part(path).mkdir()
    with pytest.raises(WorkspaceError, match="could not be written"):
        download(publisher.url, path)
