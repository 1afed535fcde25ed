"""Archives are unpacked without trusting their names, links, lengths or soundness."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from data.archives import unpack
from data.corpus import Progress
from data.errors import Cancelled, CorpusError
from tests.support.brought import packed_tar, packed_zip

MEMBERS = {"corpus/left/a.wav": b"aaaa", "corpus/right/b.wav": b"bb", "corpus/list.txt": b"x"}


def _unpack(archive: Path, most_bytes: int = 1_000_000, **options) -> dict[str, bytes]:
    folder = archive.parent / "unpacked"
    unpack(archive, folder, most_bytes=most_bytes, **options)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _refused(archive: Path, said: str, **options) -> None:
    before = sorted(archive.parent.iterdir())
    with pytest.raises(CorpusError, match=said):
        _unpack(archive, **options)
    assert sorted(archive.parent.iterdir()) == before, "nothing is left, nothing appears"


@pytest.mark.parametrize("prefix", ["", "corpus/", "./", "corpus-1.0/"])
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_one_top_folder_is_left_away(tmp_path: Path, kind: str, prefix: str) -> None:
    members = {f"{prefix}left/a.wav": b"aaaa", f"{prefix}right/b.wav": b""}
    path = tmp_path / f"x.{kind}"
    if kind == "zip":
        packed_zip(path, members)
    else:
        packed_tar(path, members, "w:" + kind.partition(".")[2])
    assert _unpack(path) == {"left/a.wav": b"aaaa", "right/b.wav": b""}


@pytest.mark.parametrize("prefix", ["", "corpus/"])
def test_the_folder_can_be_read_by_others(tmp_path: Path, prefix: str) -> None:
    """Without a top folder it had the mode of a temporary folder, 0700."""
    unpack(
        packed_zip(tmp_path / "x.zip", {f"{prefix}left/a.wav": b"a", f"{prefix}b": b"b"}),
        tmp_path / "made",
        most_bytes=99,
    )
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "C:evil", "a/" * 9 + "deep", "n" * 300]
)
@pytest.mark.parametrize("pack", [packed_tar, packed_zip])
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, pack, name: str) -> None:
    _refused(pack(tmp_path / "x.archive", {"left/a.wav": b"a", name: b"evil"}), "leads outside the archive")


def test_links_and_devices_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as packed:
        for name, kind, target in (
            ("left/soft", tarfile.SYMTYPE, "/etc/passwd"),
            ("left/hard", tarfile.LNKTYPE, "left/a.wav"),
            ("left/pipe", tarfile.FIFOTYPE, ""),
            ("left/device", tarfile.CHRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            packed.addfile(info)
        info = tarfile.TarInfo("left/a.wav")
        packed.addfile(info, io.BytesIO(b""))
        info = tarfile.TarInfo("right/b.wav")
        packed.addfile(info, io.BytesIO(b""))
    assert set(_unpack(path)) == {"left/a.wav", "right/b.wav"}


def test_a_link_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    path = packed_zip(tmp_path / "x.zip", {"left/a.wav": b"a", "right/b.wav": b"b"})
    with zipfile.ZipFile(path, "a") as packed:
        info = zipfile.ZipInfo("left/link.wav")
        info.external_attr = 0o120777 << 16
        packed.writestr(info, "/etc/passwd")
    assert set(_unpack(path)) == {"left/a.wav", "right/b.wav"}


def test_a_file_does_not_replace_another(tmp_path: Path) -> None:
    _refused(packed_tar(tmp_path / "x.tar.gz", {"left/a.wav": b"1", "left/./a.wav": b"2"}), "two files of one name")


@pytest.mark.parametrize("pack", [packed_tar, packed_zip])
def test_a_bomb_is_refused(tmp_path: Path, pack) -> None:
    _refused(pack(tmp_path / "x.archive", {"left/zeros.wav": bytes(3_000_000)}), "unpacks to more than")


@pytest.mark.parametrize("pack", [packed_tar, packed_zip])
def test_too_many_files_are_refused(tmp_path: Path, pack) -> None:
    archive = pack(tmp_path / "x.archive", {f"left/{number}.wav": b"x" for number in range(11)})
    _refused(archive, "holds more than 10 files", most_files=10)


def test_a_zip_is_counted_before_its_directory_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1.5 million entries took 817 MB of memory before they were refused."""
    archive = packed_zip(tmp_path / "x.zip", {f"left/{number}.wav": b"x" for number in range(11)})
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", lambda *_: pytest.fail("an entry was loaded"))
    _refused(archive, "holds more than 10 files", most_files=10)


@pytest.mark.parametrize("pack", [packed_tar, packed_zip])
@pytest.mark.parametrize("keep", [0, 1, 10, 0.3, 0.6, 0.9])
def test_a_cut_off_archive_is_damaged(tmp_path: Path, pack, keep: float) -> None:
    import numpy as np

    content = np.random.default_rng(0).bytes(50_000)  # does not compress, so that the cut is in the middle of it
    path = pack(tmp_path / "x.archive", {"left/a.wav": content, "right/b.wav": content})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep if keep >= 1 or keep == 0 else keep * len(whole))])
    _refused(path, "is damaged")


@pytest.mark.parametrize("pack", [packed_tar, packed_zip])
def test_a_flipped_byte_is_noticed(tmp_path: Path, pack) -> None:
    path = pack(tmp_path / "x.archive", {"left/a.wav": bytes(range(256)) * 200, "right/b.wav": b"b"})
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    _refused(path, "is damaged")


def test_it_can_be_stopped(tmp_path: Path) -> None:
    path = packed_tar(tmp_path / "x.tar.gz", MEMBERS)

    def stop(progress: Progress) -> None:
        raise Cancelled("no")

    with pytest.raises(Cancelled):
        _unpack(path, report=stop)
    assert [one.name for one in tmp_path.iterdir()] == ["x.tar.gz"]
