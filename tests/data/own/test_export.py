"""A corpus goes into a zip and comes back the same."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.corpus import BACKGROUND_NOISE, SILENCE, Progress
from data.errors import Cancelled, CorpusError, WorkspaceError
from data.folder import FolderCorpus
from data.names import clean_label, clean_speaker
from data.own.corpus import OwnCorpus, create, delete, exists
from data.own.export import export
from data.own.incoming import collect, from_archive, from_folder, staging
from data.own.layouts import ImportItem
from data.own.new_clips import NewClip
from data.own.records import OwnClip
from tests.support.brought import put
from tests.support.sounds import RATE, tone, write


def _new(one: ImportItem) -> NewClip:
    assert one.label is not None
    return NewClip(one.label, one.speaker, one.source or "import", one.original, one.path, one.path.suffix, 0.5, split=one.split, added=one.added)  # fmt: skip


def _kept(clip: OwnClip) -> tuple[object, ...]:
    return (
        clip.label,
        clip.speaker or "",
        clip.source,
        clip.added,
        clip.original,
        clip.split or "",
        clip.path.read_bytes(),
    )


def _is(clean: Callable[[str], str | None], text: str) -> bool:
    try:
        return clean(text) == text
    except CorpusError:
        return False


_HARD = ["a/b", "..", ".", ".hidden", "con", "NUL.x", "left.", "%41", "A", "a", "index.json", "testing_list.txt", "a_nohash_b", "a_nohash", "👩‍🚀", "x" * 60, "送" * 60, "送" * 59 + "信", "*?<>|:\"\\", SILENCE, BACKGROUND_NOISE]  # fmt: skip
LABELS = st.sampled_from(_HARD) | st.text(min_size=1, max_size=30).filter(lambda text: _is(clean_label, text))
SPEAKERS = st.none() | st.sampled_from(_HARD) | st.text(min_size=1, max_size=30).filter(lambda text: _is(clean_speaker, text))  # fmt: skip
CLIPS = st.builds(
    NewClip,
    label=LABELS,
    speaker=SPEAKERS,
    source=st.sampled_from(["recording", "upload", "import"]),
    original=st.text(max_size=20),
    content=st.binary(min_size=1, max_size=20),
    ending=st.sampled_from([".wav", ".flac", ".ogg", ".mp3"]),
    seconds=st.just(0.5),
    split=st.none() | st.sampled_from(["training", "validation", "test"]),
    added=st.floats(0, 4e9),
)


@settings(max_examples=60)
@given(st.lists(CLIPS, min_size=1, max_size=8))
def test_export_then_import_gives_the_same_corpus(clips: list[NewClip]) -> None:
    for name in ("one", "two"):
        if exists(name):
            delete(name)
    first, second = create("one"), create("two")
    first.add(clips)
    with staging() as folder:
        assert export(first, folder / "one.zip") == ()
        (folder / "in").mkdir()
        batch = from_archive(folder / "one.zip", folder / "in")
        assert batch.refused == ()
        second.add([_new(one) for one in batch.clips])
    kept = [sorted(map(_kept, (*corpus.clips(), *corpus.noise()))) for corpus in (first, second)]
    assert kept[0] == kept[1]
    assert len(kept[0]) == len(clips)


def test_an_export_is_a_corpus_for_every_program(tmp_path: Path) -> None:
    corpus = create("kitchen")
    path = write(tmp_path / "a.wav", tone(300, 0.5))
    corpus.add(
        [NewClip(label, speaker, "upload", "a.wav", path, ".wav", 0.5, split=split, measures={"level": -20.0}) for label, speaker, split in
         [("left", "Ann", "test"), ("left", "Bob", "validation"), ("right", "Ann", None), (BACKGROUND_NOISE, None, None)]]
    )  # fmt: skip
    export(corpus, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        assert {info.compress_type for info in packed.infolist()} == {zipfile.ZIP_STORED}
        packed.extractall(tmp_path / "out")
        row = json.loads(packed.read("index.json"))["clips"][0]
    assert set(row) == {
        "file",
        "label",
        "speaker",
        "source",
        "added",
        "original",
        "seconds",
        "sound",
        "measures",
        "split",
    }
    assert row["measures"] == {"level": -20.0}
    index = FolderCorpus(tmp_path / "out").index()
    assert {(one.label, one.speaker, one.split) for one in index.clips} == {("left", "Ann", "test"), ("left", "Bob", "validation"), ("right", "Ann", "training")}  # fmt: skip
    assert len(index.noise) == 1
    assert index.skipped == ()


def test_no_lists_where_no_side_is_fixed_and_gone_files_are_told(tmp_path: Path) -> None:
    corpus = create("kitchen")
    corpus.add([NewClip("left", None, "upload", "a.wav", b"x", ".wav", 0.5)] * 2)
    gone = corpus.clips()[0].path
    gone.unlink()
    assert [one.path for one in export(corpus, tmp_path / "out.zip")] == [gone]
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        assert packed.namelist() == ["left/clip_1.wav", "index.json"]


def test_an_export_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = create("kitchen")
    corpus.add([NewClip("left", None, "upload", "a.wav", b"x", ".wav", 0.5)])
    (tmp_path / "out").mkdir()
    old = b"PK\x05\x06" + bytes(18)  # a zip that holds nothing
    (tmp_path / "out" / "x.zip").write_bytes(old)

    def stop(progress: Progress) -> None:
        raise Cancelled("no")

    with pytest.raises(Cancelled):
        export(corpus, tmp_path / "out" / "x.zip", stop)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        export(corpus, tmp_path / "out" / "x.zip")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.zip"]
    assert (tmp_path / "out" / "x.zip").read_bytes() == old


def test_only_a_zip_is_replaced_by_an_export(tmp_path: Path) -> None:
    """Guards against a mistyped path that cost the user another file."""
    corpus = create("kitchen")
    letter, empty = tmp_path / "letter.txt", tmp_path / "empty.zip"
    letter.write_text("Dear Anna")
    with pytest.raises(CorpusError, match="exists and is not a zip file"):
        export(corpus, letter)
    assert letter.read_text() == "Dear Anna"
    with pytest.raises(WorkspaceError, match="could not be written"):
        export(corpus, tmp_path / ("x" * 300))
    empty.touch()
    export(corpus, empty)
    assert zipfile.is_zipfile(empty)


def test_what_an_index_claims_is_checked(tmp_path: Path) -> None:
    folder = put(tmp_path, "a.wav", "b.wav", "c.wav", content=b"x")
    rows = [
        {"file": "a.wav", "label": "left", "source": "theft", "added": float("inf"), "original": 5, "seconds": 1e9},
        {"file": "b.wav", "label": "left", "source": "recording", "added": True, "original": "x\0" * 300},
        {"file": "../c.wav", "label": "left"},
    ]
    (folder / "index.json").write_text(json.dumps({"format": "echoic-corpus", "clips": rows}))
    first, second = from_folder(folder).clips
    assert (first.source, first.added, first.original) == (None, None, "a.wav")
    assert (second.source, second.added, second.original) == ("recording", None, ("x�" * 300)[:255])
    # of another program's list these are not ours to believe
    (folder / "index.json").write_text(json.dumps({"clips": rows}))
    assert {(one.source, one.original) for one in from_folder(folder).clips} == {(None, "a.wav"), (None, "b.wav")}


def _with_number(folder: Path, digits: int) -> Path:
    put(folder, "a.wav", content=b"x")
    rows = f'[{{"file": "a.wav", "label": "left", "added": {"1" * digits}}}]'
    (folder / "index.json").write_text(f'{{"format": "echoic-corpus", "clips": {rows}}}')
    return folder


def test_a_number_of_any_length_in_an_index_is_harmless(tmp_path: Path) -> None:
    assert from_folder(_with_number(tmp_path, 400)).clips[0].added is None
    with pytest.raises(CorpusError, match=r"index\.json"):  # of more than 4,300 digits Python reads none
        from_folder(_with_number(tmp_path, 5000))


def test_ten_seconds_of_sound_travel_byte_for_byte(tmp_path: Path) -> None:
    corpus = create("kitchen")
    path = write(tmp_path / "a.flac", tone(440, 10.0), RATE)
    corpus.add([NewClip("left", None, "recording", "a.flac", path, ".flac", 10.0)])
    export(corpus, tmp_path / "out.zip")
    with staging() as folder:
        [one] = collect(tmp_path / "out.zip", folder).clips
        assert one.path.read_bytes() == path.read_bytes() == OwnCorpus("kitchen").clips()[0].path.read_bytes()
