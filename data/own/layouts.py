"""Which word and which speaker a file is of: from a list that names it, or from where it lies and how it is called."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data.corpus import BACKGROUND_NOISE, Skipped, Split
from data.errors import CorpusError
from data.folder import DIGIT, LISTS, NOHASH, compile_pattern, listed
from data.names import clean_label, clean_original, clean_speaker, composed, shown
from data.own import clip_lists
from data.own.store import Source
from data.scan import ENDINGS, is_audio

_ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".7z", ".rar")
# What lies beside clips and is no sound; nobody needs to hear that it was passed over.
_BESIDE = (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".xml", ".html", ".ini", ".log", ".lab", ".textgrid", ".pdf", ".py")  # fmt: skip
_BESIDE_NAMES = ("readme", "license", "licence", "copying", "notice", "citation", "changelog", "authors", "thumbs.db", "makefile")  # fmt: skip
_MOST_TOPS = 8  # folders around everything that are looked through

Entry = tuple[str, Path]
"""A file: its name as it came, with the folders it lay in, and where it lies now."""


@dataclass(frozen=True, slots=True)
class ImportItem:
    """A file that is about to be added.

    Attributes:
        path: where it lies now.
        label: None where it is not known.
        speaker: None where it is not known.
        original: its name as it came.
        split: where a list fixes it.
        source, added: how and when it was first added, where it comes from another corpus of Echoic's; else None.
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
    """What came.

    Attributes:
        clips: audio files, by their ending; none has been opened yet.
        refused: what is not taken and might have been meant, each with the reason in one sentence.
    """

    clips: tuple[ImportItem, ...]
    refused: tuple[Skipped, ...] = ()


def is_hidden(name: str) -> bool:
    """Whether a file is hidden, by its name or that of a folder around it, or macOS' own in a zip."""
    return any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in _parts(name))


def sort_out(
    entries: Iterable[Entry],
    refused: Iterable[Skipped] = (),
    label: str | None = None,
    speaker: str | None = None,
    pattern: str | None = None,
) -> ImportBatch:
    """What each file is, by Echoic's own list, else by another, else by its folder and name.

    Args:
        entries: the files.
        refused: what is refused already.
        label, speaker: for files of which no list says it.
        pattern: finds the speaker in a file's name, see `FolderCorpus`.

    Raises:
        CorpusError: the pattern cannot serve; or a list cannot be read, and nothing else says what is in the files.
    """
    compiled = compile_pattern(pattern)
    refusals = list(refused)
    audio: list[Entry] = []
    lists: list[Entry] = []
    splits: dict[str, Split] = {}
    inside = []
    for name, path in entries:
        if is_hidden(name):
            continue
        if _leads_outside(name):
            refusals.append(Skipped(Path(shown(name)), "Its name leads outside of the folder that it came in."))
        else:
            inside.append(("/".join(_parts(name)), path))
    for name, path in _without_tops(inside):
        if is_audio(name):
            audio.append((name, path))
        elif name in LISTS:
            splits.update(dict.fromkeys(listed(path), LISTS[name]))
        elif _is_top_list(name):
            lists.append((name, path))
        elif problem := _refusal(name):
            refusals.append(Skipped(Path(name), problem))
    if ours := [one for one in lists if one[0] == clip_lists.OWN_LIST and clip_lists.is_ours(one[1])]:
        return by_lists(ours, audio, refusals)
    if lists:
        try:
            return by_lists(lists, audio, refusals)
        except CorpusError as error:
            if label is None and not any("/" in name for name, _ in audio):
                raise  # nothing else says what is in the files
            refusals.append(Skipped(Path(lists[0][0]), str(error)))
    digits = label is None and _are_digits(audio)
    clips = []
    for name, path in audio:
        try:
            clips.append(_placed(name, path, label, speaker, digits, compiled, splits))
        except CorpusError as error:
            refusals.append(Skipped(Path(name), str(error)))
    if compiled is not None and clips and not any(clip.speaker for clip in clips):
        raise CorpusError(
            f"The speaker pattern '{compiled.pattern}' fits no file name, for example '{shown(PurePosixPath(clips[0].original).stem)}'. It must have one group that finds the speaker."
        )
    return ImportBatch(tuple(clips), tuple(refusals))


def by_lists(lists: Sequence[Entry], audio: Sequence[Entry], refused: Iterable[Skipped] = ()) -> ImportBatch:
    """The files that lists name; a row that cannot be used is refused by itself.

    Args:
        lists: name and place of each list.
        audio: the files that they may name.
        refused: what is refused already.

    Raises:
        CorpusError: a list cannot be read, see `clip_lists.read_list`.
    """
    refusals = list(refused)
    clips: list[ImportItem] = []
    find = _Finder(audio)
    named: dict[str, str] = {}  # which row named each file
    for list_name, list_path in lists:
        for row in clip_lists.read_list(list_path, list_name):
            where = row.where if len(lists) == 1 else f"{list_name}, {row.where}"
            try:
                if not row.file:
                    raise CorpusError(row.problem)
                name, path = find(row.file)
                if name in named:
                    raise CorpusError(f"{named[name]} names the same file already.")
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
    refusals += [Skipped(Path(name), "The list does not name it.") for name, _ in audio if name not in named]
    return ImportBatch(tuple(clips), tuple(refusals))


class _Finder:
    """Finds the files that a list means, whatever the slashes and the Unicode form; only ever one of those given."""

    def __init__(self, audio: Sequence[Entry]) -> None:
        self._by_name: dict[str, Entry] = {}
        self._by_base: Mapping[str, list[Entry]] = defaultdict(list)
        for entry in audio:
            name = _normal(entry[0])
            self._by_name[name] = entry
            self._by_base[name.rpartition("/")[2]].append(entry)

    def __call__(self, text: str) -> Entry:
        if _leads_outside(text):
            raise CorpusError(f"'{shown(text)}' leads outside of the folder of the list.")
        name = _normal(text)
        if name in self._by_name:
            return self._by_name[name]
        # uploaded one by one the files have lost their folders; a list may leave away the one in which all lie
        alike = self._by_base.get(name.rpartition("/")[2], [])
        if len(alike) == 1 and ("/" not in name or "/" not in alike[0][0]):
            return alike[0]
        if not is_audio(name):
            raise CorpusError(f"'{shown(text)}' is no audio file; its name ends in none of {', '.join(ENDINGS)}.")
        raise CorpusError(f"The file '{shown(text)}' is not there.")


def _placed(
    name: str,
    path: Path,
    label: str | None,
    speaker: str | None,
    digits: bool,
    pattern: re.Pattern[str] | None,
    splits: Mapping[str, Split],
) -> ImportItem:
    """A file whose place and name say what it is.

    Raises:
        CorpusError: they say what cannot be.
    """
    *folders, base = name.split("/")
    stem = PurePosixPath(base).stem
    found = DIGIT.match(stem) if digits else None
    if found:
        label, speaker = found["label"], found["speaker"]
    elif label is None and len(folders) > 1:
        raise CorpusError("It lies in a folder inside a word's folder; move it up by one level.")
    elif label is None and folders:
        label = clean_label(folders[0])
    if pattern is not None:
        match = pattern.search(stem)
        speaker = (match[1] if match else None) or speaker
    elif match := NOHASH.match(stem):
        speaker = match[1]
    if label == BACKGROUND_NOISE:
        speaker = None
    split = splits.get(composed(f"{folders[-1]}/{stem}")) if folders else None
    return ImportItem(path, label, clean_speaker(speaker), clean_original(name), split)


def _without_tops(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The files without the folders that hold all of the rest; a folder in which only clips lie is a word, and stays."""
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
    """Whether the files are those of the Free Spoken Digit Dataset, which lie in one folder."""
    folders = {name.rpartition("/")[0] for name, _ in audio}
    return len(folders) == 1 and all(DIGIT.match(PurePosixPath(name).stem) for name, _ in audio)


def _refusal(name: str) -> str:
    """Why a file that is no clip is not taken; "" where nobody would expect it to be."""
    base = name.rpartition("/")[2].lower()
    if base.endswith(_BESIDE) or base.partition(".")[0] in _BESIDE_NAMES or base in _BESIDE_NAMES:
        return ""
    if base.endswith(_ARCHIVES):
        return "It is no audio but an archive inside of what came; unpack it and add what is in it."
    ending = PurePosixPath(base).suffix
    return f"It is no audio that can be read: its name ends in '{shown(ending)}', not in {', '.join(ENDINGS)}."


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


def _leads_outside(name: str) -> bool:
    return ".." in _parts(name) or name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", name) is not None


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", "/".join(_parts(name)))
