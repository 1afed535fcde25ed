"""One contract for every corpus: what is said of it, how it is loaded, and what its index promises.

The published ones are fetched from a small made-up archive in their publisher's layout, from a server here.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

import data.public
from data import catalogue
from data.catalogue import open_corpus, refer
from data.corpus import SPLITS, Clip, Corpus, CorpusReference, Progress
from data.errors import Cancelled, CorpusError, DownloadError
from data.folder import FolderCorpus
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from data.own.new_clips import NewClip
from data.public import fsdd, mini_speech_commands, speech_commands, synthetic_voices
from data.public.archive_corpus import Archive, ArchiveCorpus
from data.splits import is_speaker_disjoint
from tests.support.brought import packed_tar, packed_zip
from tests.support.sounds import glides, tone, write

ARCHIVED = {"speech_commands": speech_commands, "mini_speech_commands": mini_speech_commands, "fsdd": fsdd}
KINDS = ["folder", "own", "synthetic_voices", *ARCHIVED]
FETCHED = KINDS[2:]
THERE = FolderCorpus | OwnCorpus  # on this computer already
FEW_VOICES = synthetic_voices.voices()[:4]


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _commands(folder: Path) -> dict[str, bytes]:
    glides(folder, speakers=10, takes=1)
    write(folder / "_background_noise_" / "hiss.wav", tone(100, 2.0))
    (folder / "validation_list.txt").write_text(
        "".join(f"{word}/s00_nohash_0.wav\n" for word in ("rise", "fall", "hum"))
    )
    (folder / "testing_list.txt").write_text("".join(f"{word}/s01_nohash_0.wav\n" for word in ("rise", "fall", "hum")))
    return {f"./{name}": content for name, content in _files(folder).items()}


def _mini(folder: Path) -> dict[str, bytes]:
    glides(folder, speakers=40, takes=1)
    names = {f"mini_speech_commands/{name}": content for name, content in _files(folder).items()}
    return names | {
        "__MACOSX/mini_speech_commands/rise/._s00_nohash_0.wav": b"mac",
        "mini_speech_commands/README.md": b"x",
    }


def _digits(folder: Path) -> dict[str, bytes]:
    for digit in "01":
        for speaker in ("jackson", "theo", "lucas"):
            for number in (0, 4, 5, 9, 10, 11):
                write(folder / "recordings" / f"{digit}_{speaker}_{number}.wav", tone(400, 0.12, 8000), 8000)
    return {f"free-spoken-digit-dataset-1.0.10/{name}": content for name, content in _files(folder).items()}


Make = Callable[[], Corpus]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimpleNamespace]:
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    made.daemon_threads = True
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield SimpleNamespace(folder=folder, url=f"http://127.0.0.1:{made.server_address[1]}")
    made.shutdown()
    made.server_close()


def _published(kind: str, server: SimpleNamespace, source: Path) -> tuple[Path, Archive]:
    files, pack, name = {
        "speech_commands": (_commands, packed_tar, "x.tar.gz"),
        "mini_speech_commands": (_mini, packed_zip, "x.zip"),
        "fsdd": (_digits, packed_tar, "x.tar.gz"),
    }[kind]
    path = pack(server.folder / name, files(source))
    return path, Archive(f"{server.url}/{name}", most_bytes=100_000_000)


@pytest.fixture(params=KINDS)
def make(request, tmp_path: Path, server: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Opens the corpus anew, as another process would."""
    if request.param == "folder":
        folder = glides(tmp_path / "clips", speakers=10)
        return lambda: FolderCorpus(folder)
    if request.param == "own":
        own = own_corpus.create("my words")
        for path in sorted(glides(tmp_path / "clips", speakers=10).glob("*/*.wav")):
            speaker = path.stem.partition("_")[0]
            own.add([NewClip(path.parent.name, speaker, "upload", path.name, path, ".wav", 0.4)])
        return lambda: open_corpus(refer("my words"))
    if request.param == "synthetic_voices":
        monkeypatch.setattr(synthetic_voices, "voices", lambda: FEW_VOICES)
        monkeypatch.setattr(synthetic_voices, "DEFAULT_WORDS", ("yes", "no"))
        return lambda: open_corpus("synthetic_voices")
    _, archive = _published(request.param, server, tmp_path / "source")
    return lambda: ArchiveCorpus(ARCHIVED[request.param].DESCRIPTION, archive)


def test_every_published_corpus_is_a_module_of_its_name_and_meets_this_contract() -> None:
    """A new one is found here: it needs a module with its description, and an archive that is made up above."""
    assert set(KINDS) - {"folder", "own"} == set(catalogue.NAMES)
    for name in catalogue.NAMES:
        module = importlib.import_module(f"data.public.{name}")
        assert module.DESCRIPTION.name == name
        assert open_corpus(name).description is module.DESCRIPTION
    shared = {"__init__", "archive_corpus", "download", "english_words", "espeak", "espeak_worker", "near_words"}
    folder = Path(data.public.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - shared == set(catalogue.NAMES)


def test_it_is_described(make: Make) -> None:
    described = asdict(make().description)
    missing = {name for name, value in described.items() if value in ("", ())}
    allowed = {"citation", "homepage", "words"} if isinstance(make(), THERE) else set()
    assert missing <= allowed
    for name in ("holds", "speakers", "splits"):
        assert described[name].endswith("."), f"{name} is a sentence"


def test_loading_shows_progress_and_a_second_time_does_nothing(make: Make) -> None:
    told: list[Progress] = []
    corpus = make()
    assert corpus.is_loaded() is isinstance(corpus, THERE)
    corpus.load(told.append)
    assert corpus.is_loaded()
    assert make().is_loaded()
    if not isinstance(corpus, THERE):
        assert told
        assert [one for one in told if one.total], "how far of how much"
    assert all(one.total is None or 0 <= one.done <= one.total for one in told)
    told.clear()
    make().load(told.append)
    assert told == []


def test_the_index_keeps_its_promises(make: Make) -> None:
    corpus = make()
    corpus.load()
    index = corpus.index()
    assert index.clips
    assert len(index.labels) >= 2
    assert index.split_rule.endswith(".")
    assert len({clip.path for clip in index.clips}) == len(index.clips)
    order = [(clip.label, clip.path.name) for clip in index.clips]
    assert order == sorted(order)
    for clip in index.clips:
        assert clip.path.is_file()
        assert clip.split in SPLITS
        assert 0 < clip.seconds < 30
        assert (clip.start, clip.gain, clip.whole) == (0.0, 1.0, True)
        assert clip.digest
    assert {clip.split for clip in index.clips} == set(SPLITS)
    assert index.speakers_known
    assert index.speaker_disjoint == is_speaker_disjoint(index.clips)
    assert index.speaker_disjoint is (corpus.name != "fsdd")
    assert corpus.index() == make().index() == index


def test_splitting_by_speaker_is_speaker_disjoint_everywhere(make: Make) -> None:
    make().load()
    corpus = make()
    if isinstance(corpus, FolderCorpus):
        again: Corpus = FolderCorpus(corpus.path, split_by="speaker")
    else:
        again = open_corpus(CorpusReference(corpus.name, split_by="speaker"))
    index = again.index()
    assert index.speaker_disjoint is True
    assert {clip.split for clip in index.clips} == set(SPLITS)


@pytest.mark.parametrize("make", FETCHED, indirect=True)
def test_an_index_before_loading_says_how_to_load(make: Make) -> None:
    corpus = make()
    with pytest.raises(CorpusError, match=f"python -m audio_models fetch {corpus.name}"):
        corpus.index()


@pytest.mark.parametrize("make", FETCHED, indirect=True)
def test_loading_that_is_stopped_leaves_nothing_that_looks_done(make: Make) -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled("no")

    with pytest.raises(Cancelled):
        make().load(stop)
    assert not make().is_loaded()
    make().load()
    assert make().index().clips


@pytest.mark.parametrize("kind", ARCHIVED)
def test_a_damaged_archive_is_thrown_away_and_fetched_anew(kind: str, tmp_path: Path, server: SimpleNamespace) -> None:
    path, archive = _published(kind, server, tmp_path / "source")
    whole = path.read_bytes()
    description = ARCHIVED[kind].DESCRIPTION
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusError, match="is damaged"):
        ArchiveCorpus(description, archive).load()
    assert not ArchiveCorpus(description, archive).is_loaded()
    path.write_bytes(whole)
    ArchiveCorpus(description, archive).load()
    assert ArchiveCorpus(description, archive).index().clips


def test_a_publisher_that_has_moved_is_told(server: SimpleNamespace) -> None:
    with pytest.raises(DownloadError, match="status 404"):
        ArchiveCorpus(fsdd.DESCRIPTION, Archive(f"{server.url}/gone.tar.gz", most_bytes=10)).load()


def test_the_layouts_of_the_publishers_are_understood(tmp_path: Path, server: SimpleNamespace) -> None:
    corpus = ArchiveCorpus(speech_commands.DESCRIPTION, _published("speech_commands", server, tmp_path / "a")[1])
    corpus.load()
    index = corpus.index()
    assert index.labels == ("fall", "hum", "rise")
    assert [path.name for path in index.noise] == ["hiss.wav"]
    assert {clip.speaker for clip in index.clips if clip.split == "test"} == {"s01"}
    mini = ArchiveCorpus(
        mini_speech_commands.DESCRIPTION, _published("mini_speech_commands", server, tmp_path / "b")[1]
    )
    mini.load()
    assert "hash" in mini.index().split_rule
    assert mini.index().skipped == ()


def test_the_catalogue_knows_each_by_name_and_any_folder_by_path(tmp_path: Path) -> None:
    assert [one.name for one in catalogue.descriptions()] == list(catalogue.NAMES)
    for name in catalogue.NAMES:
        assert open_corpus(name).name == name
        assert refer(name).name == name
    assert refer(str(tmp_path)).name == str(tmp_path.resolve())
    with pytest.raises(CorpusError, match="There is no corpus and no folder"):
        open_corpus(refer(str(tmp_path / "gone")))
    for name in ("x" * 5000, "~nobody_here/clips", "a\0b"):  # in a damaged run, or typed: what cannot be a path
        with pytest.raises(CorpusError, match="There is no corpus and no folder"):
            open_corpus(CorpusReference(name))
        with pytest.raises(CorpusError, match="There is no corpus and no folder"):
            open_corpus(refer(name))


def test_published_sizes_and_sums_are_those_of_the_publishers() -> None:
    archive = speech_commands.ARCHIVE
    assert archive.size == 2_428_923_189
    assert archive.sha256 == "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"


def test_synthetic_is_said(make: Make) -> None:
    assert make().description.synthetic is isinstance(make(), synthetic_voices.SyntheticVoices)


def test_clips_are_told_apart_by_what_they_are() -> None:
    clip = Clip(Path("a.wav"), "a", "test", 1.0)
    assert clip == Clip(Path("a.wav"), "a", "test", 1.0)
    assert hash(clip) == hash(Clip(Path("a.wav"), "a", "test", 1.0))
