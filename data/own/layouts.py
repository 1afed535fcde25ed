"""Find the word and the speaker of each file: from a list that names it, or from its folder and name."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from data.audio_formats import NAMES, is_audio
from data.card import Card
from data.corpus import BACKGROUND_NOISE, Skipped, Split
from data.errors import CorpusError
from data.folder import DIGIT, LISTS, NOHASH, listed
from data.names import clean_label, clean_original, clean_speaker, composed, shown
from data.own import clip_lists
from data.own.records import Source
from data.speaker_pattern import check_pattern, find_speakers

_ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".7z", ".rar")
# Usual companions of clips; they are skipped without a message.
_BESIDE = (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".xml", ".html", ".ini", ".log", ".lab", ".textgrid", ".pdf", ".py")  # fmt: skip
_BESIDE_NAMES = ("readme", "license", "licence", "copying", "notice", "citation", "changelog", "authors", "thumbs.db", "makefile")  # fmt: skip
_MOST_TOPS = 8  # nested top folders that are removed

Entry = tuple[str, Path]
"""A file: its original name with folders, and its present path."""


@dataclass(frozen=True, slots=True)
class ImportItem:
    """A file to import.

    Attributes:
        path: its present path.
        label: None if unknown.
        speaker: None if unknown.
        original: its original name.
        split: None unless a list fixes it.
        source, added: how and when it was first added, if it comes from an export of Echoic; else None.
    """

    path: Path
    label: str | None
    speaker: str | None
    original: str
    split: Split | None = None
    source: Source | None = None
    added: float | None = None


@dataclass(frozen=True)
class ImportBatch:
    """Files to import.

    Attributes:
        clips: audio files, by their ending; none is decoded yet.
        refused: files that are not taken, each with the reason in one sentence.
        card: what the maker of an exported corpus says about it.
    """

    clips: tuple[ImportItem, ...]
    refused: tuple[Skipped, ...] = ()
    card: Card = field(default_factory=Card)


def is_hidden(name: str) -> bool:
    """Return whether a file or a folder around it is hidden, or belongs to macOS in a zip."""
    return any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in _parts(name))


def sort_out(
    entries: Iterable[Entry],
    refused: Iterable[Skipped] = (),
    label: str | None = None,
    speaker: str | None = None,
    pattern: str | None = None,
) -> ImportBatch:
    """Identify each file: by an index of Echoic, else by a list, else by its folder and name.

    Args:
        entries: the files.
        refused: those already refused.
        label, speaker: for files that no list names.
        pattern: finds the speaker in a file's name, see `FolderCorpus`.

    Raises:
        CorpusError: the pattern is invalid, fits no name or takes too long; or a list cannot be read, and the files have
            no folders either.
    """
    pattern = check_pattern(pattern)
    refusals = list(refused)
    audio: list[Entry] = []
    lists: list[Entry] = []
    splits: dict[str, Split] = {}
    valid = []
    for name, path in entries:
        if is_hidden(name):
            continue
        if _leads_outside(name):
            refusals.append(Skipped(Path(shown(name)), "Its name leads outside its folder."))
        else:
            valid.append(("/".join(_parts(name)), path))
    for name, path in _without_tops(valid):
        if is_audio(name):
            audio.append((name, path))
        elif name in LISTS:
            splits.update(dict.fromkeys(listed(path), LISTS[name]))
        elif _is_top_list(name):
            lists.append((name, path))
        elif problem := _refusal(name):
            refusals.append(Skipped(Path(name), problem))
    if ours := [one for one in lists if one[0] == clip_lists.OWN_LIST and clip_lists.is_ours(one[1])]:
        return replace(by_lists(ours, audio, refusals), card=clip_lists.card_of(ours[0][1]))
    if lists:
        try:
            return by_lists(lists, audio, refusals)
        except CorpusError as error:
            if label is None and not any("/" in name for name, _ in audio):
                raise  # nothing else gives the words
            refusals.append(Skipped(Path(lists[0][0]), str(error)))
    digits = label is None and _are_digits(audio)
    clips = []
    for (name, path), named in zip(audio, _speakers([name for name, _ in audio], pattern), strict=True):
        try:
            clips.append(_placed(name, path, label, named, speaker, digits, splits))
        except CorpusError as error:
            refusals.append(Skipped(Path(name), str(error)))
    return ImportBatch(tuple(clips), tuple(refusals))


def by_lists(lists: Sequence[Entry], audio: Sequence[Entry], refused: Iterable[Skipped] = ()) -> ImportBatch:
    """Collect the files that lists name; an invalid row is refused by itself.

    Args:
        lists: name and path of each list.
        audio: the files that they may name.
        refused: those already refused.

    Raises:
        CorpusError: a list cannot be read, see `clip_lists.read_list`.
    """
    refusals = list(refused)
    clips: list[ImportItem] = []
    find = _Finder(audio)
    named: dict[str, str] = {}  # the row that names each file
    for list_name, list_path in lists:
        for row in clip_lists.read_list(list_path, list_name):
            where = row.where if len(lists) == 1 else f"{list_name}, {row.where}"
            try:
                if not row.file:
                    raise CorpusError(row.problem)
                name, path = find(row.file)
                if name in named:
                    raise CorpusError(f"{named[name]} already names this file.")
                named[name] = where
                if row.problem:
                    raise CorpusError(row.problem)
                original = clean_original(name if row.original is None else row.original)
                clips.append(
                    ImportItem(
                        path,
                        clean_label(row.label),
                        clean_speaker(row.speaker),
                        original,
                        row.split,
                        row.source,
                        row.added,
                    )
                )
            except CorpusError as error:
                refusals.append(Skipped(Path(shown(row.file) or list_name), f"{where}: {error}"))
    refusals += [Skipped(Path(name), "It is not in the list.") for name, _ in audio if name not in named]
    return ImportBatch(tuple(clips), tuple(refusals))


class _Finder:
    """Finds the files that a list names, whatever the slashes and the Unicode form, among those given."""

    def __init__(self, audio: Sequence[Entry]) -> None:
        self._by_name: dict[str, Entry] = {}
        self._by_base: Mapping[str, list[Entry]] = defaultdict(list)
        for entry in audio:
            name = _normal(entry[0])
            self._by_name[name] = entry
            self._by_base[name.rpartition("/")[2]].append(entry)

    def __call__(self, text: str) -> Entry:
        if _leads_outside(text):
            raise CorpusError(f"'{shown(text)}' leads outside the list's folder.")
        name = _normal(text)
        if name in self._by_name:
            return self._by_name[name]
        # files uploaded one by one have lost their folders, and a list may omit the folder of all files
        alike = self._by_base.get(name.rpartition("/")[2], [])
        if len(alike) == 1 and ("/" not in name or "/" not in alike[0][0]):
            return alike[0]
        if not is_audio(name):
            raise CorpusError(f"'{shown(text)}' cannot be read. Echoic reads {NAMES}; convert it to one of these.")
        raise CorpusError(f"The file '{shown(text)}' is missing.")


def _speakers(names: Sequence[str], pattern: str | None) -> Sequence[str | None]:
    """Return the speaker that each file's name gives, by the pattern or as in Speech Commands."""
    stems = [PurePosixPath(name).stem for name in names]
    if pattern:
        return find_speakers(pattern, stems)
    return [match[1] if (match := NOHASH.match(stem)) else None for stem in stems]


def _placed(
    name: str,
    path: Path,
    label: str | None,
    named: str | None,
    speaker: str | None,
    digits: bool,
    splits: Mapping[str, Split],
) -> ImportItem:
    """Identify a file by its folder and name.

    Args:
        named: the speaker that its name gives.
        speaker: the one of a file whose name gives none.

    Raises:
        CorpusError: they give an invalid label or speaker.
    """
    *folders, base = name.split("/")
    stem = PurePosixPath(base).stem
    found = DIGIT.match(stem) if digits else None
    if found:
        label, speaker = found["label"], found["speaker"]
    elif label is None and len(folders) > 1:
        raise CorpusError("It is in a folder inside a word's folder. Move it up by one level.")
    elif label is None and folders:
        label = clean_label(folders[0])
    speaker = None if label == BACKGROUND_NOISE else named or speaker
    split = splits.get(composed(f"{folders[-1]}/{stem}")) if folders else None
    return ImportItem(path, label, clean_speaker(speaker), clean_original(name), split)


def _without_tops(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Remove top folders that hold everything else; a folder with only clips in it is a word, and stays."""
    for _ in range(_MOST_TOPS):
        counted = [name for name, _ in entries if is_audio(name) or name.lower().endswith(clip_lists.ENDINGS)]
        tops = {name.partition("/")[0] for name in counted}
        if len(tops) != 1 or not all("/" in name for name in counted):
            break
        top = f"{tops.pop()}/"
        inner = [(name.removeprefix(top), path) for name, path in entries]
        is_word = not any(is_audio(name) and "/" in name for name, _ in inner)
        if is_word and not any(_is_top_list(name) and _can_be_read(name, path) for name, path in inner):
            break
        entries = inner
    return entries


def _is_top_list(name: str) -> bool:
    return "/" not in name and name.lower().endswith(clip_lists.ENDINGS)


def _can_be_read(name: str, path: Path) -> bool:
    try:
        return bool(clip_lists.read_list(path, name))
    except CorpusError:
        return False


def _are_digits(audio: Sequence[Entry]) -> bool:
    """Return whether the files are those of the Free Spoken Digit Dataset, in one folder."""
    folders = {name.rpartition("/")[0] for name, _ in audio}
    return len(folders) == 1 and all(DIGIT.match(PurePosixPath(name).stem) for name, _ in audio)


def _refusal(name: str) -> str:
    """Say why a file is not taken; "" for usual companions of clips."""
    base = name.rpartition("/")[2].lower()
    if base.endswith(_BESIDE) or base.partition(".")[0] in _BESIDE_NAMES or base in _BESIDE_NAMES:
        return ""
    if base.endswith(_ARCHIVES):
        return "It is an archive inside a folder or an archive. Unpack it, then add its files."
    ending = PurePosixPath(base).suffix
    which = f"Files ending in '{shown(ending)}'" if ending else "Files without an ending"
    return f"{which} cannot be read. Echoic reads {NAMES}; convert it to one of these."


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


def _leads_outside(name: str) -> bool:
    return ".." in _parts(name) or name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", name) is not None


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", "/".join(_parts(name)))
