"""Recordings of what is not one of the words: speech and noise of any length, in a folder of any layout.

A training learns from them what to refuse, and an evaluation counts false alarms on them. Who speaks is known from a
table, from names like LibriSpeech's (`<speaker>-<chapter>-<utterance>`) or Speech Commands' (`<speaker>_nohash_<n>`);
what is said, from a table, from `*.trans.txt`, from a text file beside the recording, or from the name of its folder.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from data import audio_formats, tables, workspace
from data.audio_formats import is_audio
from data.corpus import SPLITS, Report, Skipped, Split, no_progress
from data.errors import CorpusError
from data.folder import NOHASH
from data.names import composed
from data.phrases import plural
from data.scan import Sound, entries, leads_to_file
from data.scan import scan as scan_files
from data.splits import split_by_speaker

Kind = Literal["speech", "noise"]

NOISE_NAME = "noise"
"""A recording is noise if a folder on the way to it, from the given one on, has this in its name."""

_SHARE = 0.2  # of the seconds, for validation and for test each: enough hours to count alarms in
_PARTS: dict[Split, tuple[float, float]] = {"training": (0.0, 0.6), "validation": (0.6, 0.8), "test": (0.8, 1.0)}
_SHORTEST_IN_PARTS = 10.0  # seconds of a recording that may be split in time
_MOST_FILES = 200_000
_MOST_FOLDERS = 50_000
_LIBRISPEECH = re.compile(r"^([^-\s]+)-\d+-\d{4,}$")
_COLUMNS = {
    "file": ("path", "file", "filename", "clip"),
    "speaker": ("speaker", "speaker_id", "client_id", "reader"),
    "text": ("text", "transcript", "transcription", "sentence", "word", "label"),
}
# Scripts that put no blank between words, by the first word of their characters' names.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording, or the stretch of a long one that belongs to a split.

    Attributes:
        path: the file.
        seconds: length of the stretch [s].
        split: its split.
        speaker: None if unknown, or for noise.
        kind: "speech" or "noise".
        text: what is said: its transcript, else the name of its folder; "" for noise.
        content: digest of the file, as `Clip.content`.
        start: where in the file the stretch begins [s].
        whole: whether it is the whole file.
    """

    path: Path
    seconds: float
    split: Split
    speaker: str | None
    kind: Kind
    text: str
    content: str
    start: float = 0.0
    whole: bool = True


@dataclass(frozen=True)
class OtherRecordings:
    """What a folder of other recordings holds.

    Attributes:
        recordings: every usable one, sorted by path.
        skipped: files that are not used.
        split_rule: how the splits were made, one sentence for the page.
    """

    recordings: tuple[Recording, ...]
    skipped: tuple[Skipped, ...]
    split_rule: str

    def seconds(self, split: Split | None = None, kind: Kind | None = None) -> float:
        """Seconds of a split and a kind; of all by default."""
        return sum(
            one.seconds for one in self.recordings if split in (None, one.split) and kind in (None, one.kind)
        )  # fmt: skip

    def __str__(self) -> str:
        """What there is and how it is split, for the user: one line."""
        paths = {kind: len({one.path for one in self.recordings if one.kind == kind}) for kind in get_args(Kind)}
        parts = [
            f"{plural(count, 'recording')} of {kind} ({_length(self.seconds(kind=kind))})"
            for kind, count in paths.items()
            if count
        ]
        who = f", {plural(self.speakers, 'speaker')}" if self.speakers else ""
        splits = ", ".join(f"{_length(self.seconds(split))} for {split}" for split in SPLITS)
        left_out = f" {plural(len(self.skipped), 'file')} left out." if self.skipped else ""
        return f"{' and '.join(parts)}{who}. {self.split_rule.partition(':')[0]}: {splits}.{left_out}"

    @property
    def speakers(self) -> int:
        """Number of known speakers."""
        return len({one.speaker for one in self.recordings if one.speaker is not None})


def scan(folder: Path, report: Report = no_progress) -> OtherRecordings:
    """Find the recordings in a folder and all folders in it; lengths and digests come from a cache where possible.

    Speakers are split, 60 % of the seconds for training and 20 % each for validation and test; recordings without a
    known speaker are split one by one. One that makes up a fifth of all or more is split in time instead.

    Raises:
        CorpusError: there is no such folder, or no recording in it.
        Cancelled: `report` raised it.
    """
    root = _checked(folder)
    files, listings = _walk(root)
    if not files:
        raise CorpusError(
            f"{folder} holds no recording, neither in it nor in its folders. Echoic reads {audio_formats.NAMES}."
        )
    sounds = scan_files(root, files, report, any_length=True)
    skipped = [Skipped(root / sound.path, sound.problem) for sound in sounds if sound.problem]
    usable = [sound for sound in sounds if not sound.problem]
    if not usable:
        first = skipped[0]
        raise CorpusError(
            f"None of the {plural(len(files), 'recording')} in {folder} can be used. {first.path.name}: {first.reason}"
        )
    told = _told(root, listings)
    found, copies = _without_copies([_recording(root, sound, told) for sound in usable])
    split, rule = _split(root, found)
    return OtherRecordings(tuple(split), (*skipped, *copies), rule)


def on_this_computer(folders: Iterable[str]) -> tuple[str, ...]:
    """The folders that are here, by their paths; networks that come with Echoic know only the names of theirs."""
    folders = folders if workspace.is_local() else ()
    return tuple(folder for folder in folders if os.path.isabs(folder) and os.path.isdir(folder))


def by_name(folders: Iterable[str]) -> dict[str, Path]:
    """The absolute paths of folders by their names; by the whole path where two have the same name.

    One that is given twice counts once.
    """
    paths = list(dict.fromkeys(Path(folder).expanduser().absolute() for folder in folders))
    names = Counter(path.name for path in paths)
    return {path.name if names[path.name] == 1 else str(path): path for path in paths}


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def words_in(recording: Recording, words: Sequence[str]) -> bool:
    """Whether one of the words is said in it, as far as its transcript or the name of its folder tells."""
    return any(_holds(recording.text, word) for word in words)


def _holds(text: str, word: str) -> bool:
    wanted = re.escape(_plain(word))
    if not wanted:
        return False
    if not any(unicodedata.name(one, "").startswith(_UNSPACED) for one in word):
        wanted = rf"(?<!\w){wanted}(?!\w)"
    return re.search(wanted, _plain(text)) is not None


def _plain(text: str) -> str:
    """Text without differences of case, composition, hyphens and blanks."""
    return " ".join(re.sub(r"[_\-\s]+", " ", composed(text).casefold()).split())


def _checked(folder: Path) -> Path:
    """The folder itself.

    Raises:
        CorpusError: there is none.
        WorkspaceError: the user may not read this computer's files.
    """
    workspace.check_is_local()
    try:
        root = folder.expanduser().absolute()
        if root.is_dir():
            return root
        what = "is a file" if root.is_file() else "does not exist"
    except (OSError, RuntimeError, ValueError):  # too long a path, ~nobody, a zero byte
        what = "does not exist"
    raise CorpusError(f"{str(folder)[:200]} {what}. Give a folder of recordings of other speech or of noise.")


def _walk(root: Path) -> tuple[list[tuple[str, os.stat_result]], list[Path]]:
    """The audio files under `root` with their status, and the tables and transcripts; each folder is entered once.

    Raises:
        CorpusError: there are far too many.
    """
    files: list[tuple[str, os.stat_result]] = []
    listings: list[Path] = []
    entered: set[Path] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        real = folder.resolve()
        if real in entered:
            continue
        entered.add(real)
        for entry in entries(folder):
            path = Path(entry.path)
            if _is_folder(entry):
                waiting.append(path)
            elif leads_to_file(entry):
                if is_audio(entry.name):
                    files.append((path.relative_to(root).as_posix(), entry.stat()))
                elif path.suffix.lower() in (".tsv", ".csv", ".txt"):
                    listings.append(path)
        if len(files) > _MOST_FILES or len(entered) > _MOST_FOLDERS:
            raise CorpusError(
                f"{root} holds more than {_MOST_FILES:,} recordings or {_MOST_FOLDERS:,} folders. Give a folder in it."
            )
    return sorted(files, key=lambda file: file[0]), sorted(listings)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() and entry.name != "__MACOSX"
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Told:
    """What a listing tells of a recording; "" for nothing."""

    speaker: str = ""
    text: str = ""


def _told(root: Path, listings: Sequence[Path]) -> dict[str, _Told]:
    """What the listings tell, by the path of the recording from `root` on, without its ending."""
    found: dict[str, _Told] = {}
    for path in listings:
        folder = path.parent.relative_to(root)
        rows: Iterable[tuple[str, _Told]]
        if path.name.lower().endswith(".trans.txt"):
            lines = (line.partition(" ") for line in tables.read_text(path, path.name).splitlines())
            rows = ((name, _Told(text=text.strip())) for name, _, text in lines if name)
        elif path.suffix.lower() == ".txt":
            if not any(path.with_suffix(ending).exists() for ending in audio_formats.ENDINGS):
                continue  # a README, a licence
            rows = [(path.stem, _Told(text=tables.read_text(path, path.name).strip()))]
        else:
            rows = _rows(path)
        for name, told in rows:
            key = _key((folder / name).as_posix())
            before = found.get(key, _Told())
            found[key] = _Told(told.speaker or before.speaker, told.text or before.text)
    return found


def _rows(path: Path) -> Iterator[tuple[str, _Told]]:
    """The rows of a table: the file, without its ending, and what is told of it; none if it has no column of files."""
    table = tables.rows(tables.read_text(path, path.name), path.name)
    _, header = next(table, (0, []))
    places = tables.places_of([cell.lower() for cell in header], _COLUMNS)
    if "file" not in places:
        return
    for _, cells in table:
        row = {name: cells[place] for name, place in places.items() if place < len(cells)}
        name = row.get("file", "").replace("\\", "/")
        if is_audio(name):
            name = name.rpartition(".")[0]
        yield name, _Told(row.get("speaker", ""), row.get("text", ""))


def _key(name: str) -> str:
    return os.path.normpath(composed(name))


def _recording(root: Path, sound: Sound, told: Mapping[str, _Told]) -> Recording:
    """A recording with its kind, speaker and text; its split comes later."""
    path = root / sound.path
    folders = [root.name, *Path(sound.path).parent.parts]
    content = sound.sound or sound.digest
    if any(NOISE_NAME in folder.lower() for folder in folders):
        return Recording(path, sound.seconds, "training", None, "noise", "", content)
    row = told.get(_key(sound.path.rpartition(".")[0]), _Told())
    named = NOHASH.match(path.stem) or _LIBRISPEECH.match(path.stem)
    speaker = row.speaker or (named[1] if named else None)
    return Recording(path, sound.seconds, "training", speaker, "speech", row.text or folders[-1], content)


def _without_copies(recordings: Sequence[Recording]) -> tuple[list[Recording], list[Skipped]]:
    """Each content once; it keeps the texts of its copies, as each may name a word."""
    by_content: dict[str, list[Recording]] = defaultdict(list)
    for one in recordings:
        by_content[one.content].append(one)
    kept = [
        replace(copies[0], text=" / ".join(dict.fromkeys(copy.text for copy in copies)))
        for copies in by_content.values()
    ]
    skipped = [
        Skipped(copy.path, "It repeats another recording.") for copies in by_content.values() for copy in copies[1:]
    ]
    return kept, skipped


def _split(root: Path, recordings: Sequence[Recording]) -> tuple[list[Recording], str]:
    """Assign the recordings to splits, speech and noise each by itself; return them and the rule in one sentence."""
    found: list[Recording] = []
    ways: Counter[str] = Counter()
    for kind in ("speech", "noise"):
        of_kind = [one for one in recordings if one.kind == kind]
        if len({one.speaker for one in of_kind}) == 1:  # one speaker cannot be split
            of_kind = [replace(one, speaker=None) for one in of_kind]
        total = sum(one.seconds for one in of_kind)
        seconds: dict[str, float] = defaultdict(float)
        for one in of_kind:
            if not _in_parts(one, total):
                seconds[_group(root, one)] += one.seconds
        split_of = split_by_speaker(seconds, _SHARE)
        for one in of_kind:
            if _in_parts(one, total):
                found += _parts(one)
                ways["in time"] += 1
            else:
                found.append(replace(one, split=split_of[_group(root, one)]))
                ways["by speaker" if one.speaker else "by recording"] += 1
    shares = "60 % for training, 20 % each for validation and test."
    return sorted(found, key=lambda one: (one.path, one.start)), f"Split {' and '.join(sorted(ways))}: {shares}"


def _in_parts(one: Recording, total: float) -> bool:
    """Whether a recording is split in time."""
    return one.speaker is None and one.seconds >= max(_SHARE * total, _SHORTEST_IN_PARTS)


def _parts(one: Recording) -> list[Recording]:
    cut = [(split, round(low * one.seconds, 3), round(high * one.seconds, 3)) for split, (low, high) in _PARTS.items()]
    return [replace(one, split=split, start=low, seconds=high - low, whole=False) for split, low, high in cut]


def _group(root: Path, one: Recording) -> str:
    """What must not be in two splits: the speaker, else the recording."""
    return f"speaker {one.speaker}" if one.speaker else f"file {one.path.relative_to(root).as_posix()}"
