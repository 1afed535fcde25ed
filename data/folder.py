"""Read a folder of `label/clip.wav`, or one in the layout of Speech Commands or the Free Spoken Digit Dataset."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from data.audio_formats import is_audio
from data.corpus import BACKGROUND_NOISE, Clip, Corpus, Description, Index, Report, Skipped, Split, no_progress
from data.errors import CorpusError
from data.names import composed
from data.scan import Sound, audio_files, entries, is_word_folder, leads_to_file, scan
from data.speaker_pattern import check_pattern, find_speakers
from data.splits import (
    Splittable,
    check_rule,
    has_every_split,
    is_speaker_disjoint,
    split_by_hash,
    splits_by_clip,
    splits_by_speaker,
)

# The names of Speech Commands, and of the Free Spoken Digit Dataset.
NOHASH = re.compile(r"^(.+?)_nohash_")
DIGIT = re.compile(r"^(?P<label>[0-9])_(?P<speaker>[^_]+)_(?P<number>[0-9]+)$")
# The lists of Speech Commands.
LISTS: dict[str, Split] = {"validation_list.txt": "validation", "testing_list.txt": "test"}


class FolderCorpus(Corpus):
    """A folder on this disk, never written to.

    Args:
        path: the folder.
        speaker_pattern: a regular expression with one group, searched in each file's name without its ending: the
            group is the speaker. By default the names of Speech Commands and of the digits are understood.
        split_by: "lists" (of the folder itself), "speaker" (no speaker in two splits), "clip"; by default the first
            of these that the folder allows.

    Raises:
        CorpusError: the pattern is not a regular expression or has no group, or there is no such rule.
    """

    def __init__(self, path: Path, speaker_pattern: str | None = None, split_by: str | None = None) -> None:
        self.path = path
        self._pattern = check_pattern(speaker_pattern)
        self._split_by = check_rule(split_by)
        self.description = Description(
            name=str(path),
            title=f"Folder {path.name}",
            holds="The clips in a folder on this computer: one folder per word, or the layout of a known corpus.",
            licence="As its owner says; Echoic only reads it.",
            citation="",
            homepage="",
            size="already on this computer",
            speakers="By a speaker pattern, or by file names like those of Speech Commands.",
            splits="Its own lists; else speaker-disjoint where speakers are known; else clip by clip.",
        )

    def is_loaded(self) -> bool:
        return self.path.is_dir()

    def load(self, report: Report = no_progress) -> None:
        if not self.path.is_dir():
            raise CorpusError(
                f"There is no folder {self.path}. Check the path; a folder of label/clip.wav is expected."
            )

    def index(self, report: Report = no_progress) -> Index:
        self.load(report)
        root, files = self.path, list(audio_files(self.path))
        if files and all(DIGIT.match(Path(name).stem) and name.startswith("recordings/") for name, _ in files):
            root, files = root / "recordings", list(audio_files(root / "recordings"))  # the digits' archive
        sounds = scan(root, files, report)
        skipped = [Skipped(root / sound.path, sound.problem) for sound in sounds if sound.problem]
        skipped += _not_entered(root)
        usable = [sound for sound in sounds if not sound.problem]
        noise = tuple(root / sound.path for sound in sounds if _is_noise(sound) and _is_noise_recording(sound))
        skipped = [one for one in skipped if one.path not in noise]
        clips, more = self._clips(root, [sound for sound in usable if not _is_noise(sound)])
        if not clips:
            raise CorpusError(
                f"{self.path} holds no clip that can be used. One folder per word is expected, with audio files in it: "
                f"{self.path.name}/left/clip1.wav. "
                + (f"The first problem: {skipped[0].path.name}: {skipped[0].reason}" if skipped else "")
            )
        splits, rule = self._splits(root, clips)
        clips = [replace(clip, split=split) for clip, split in zip(clips, splits, strict=True)]
        return Index(
            clips=tuple(clips),
            noise=noise,
            skipped=tuple(skipped + more),
            split_rule=rule,
            speakers_known=all(clip.speaker is not None for clip in clips),
            speaker_disjoint=is_speaker_disjoint(clips),
        )

    def _clips(self, root: Path, sounds: Sequence[Sound]) -> tuple[list[Clip], list[Skipped]]:
        """Find label and speaker of each file; its split comes later."""
        clips, skipped = [], []
        for sound in sounds:
            path = root / sound.path
            folder, _, _ = sound.path.rpartition("/")
            digit = None if folder else DIGIT.match(path.stem)
            if folder:
                label = composed(folder)
                speaker = found[1] if (found := NOHASH.match(path.stem)) else None
            elif digit:
                label, speaker = digit["label"], digit["speaker"]
            else:
                skipped.append(Skipped(path, "It is outside the words' folders, so its label is not known."))
                continue
            clips.append(Clip(path, label, "training", sound.seconds, speaker, sound.digest, sound=sound.sound))
        if self._pattern is not None:
            speakers = find_speakers(self._pattern, [clip.path.stem for clip in clips])
            clips = [replace(clip, speaker=speaker) for clip, speaker in zip(clips, speakers, strict=True)]
        return clips, skipped

    def _splits(self, root: Path, clips: Sequence[Clip]) -> tuple[Sequence[Split], str]:
        """Assign each clip to a split; return the splits and the rule in one sentence."""
        lists = {name: root / name for name in LISTS if (root / name).is_file()}
        speakers = [clip.speaker for clip in clips]
        known = all(speaker is not None for speaker in speakers)
        rule = self._split_by
        if rule == "lists" and not lists and not _is_digits(clips):
            raise CorpusError(
                f"{self.path} has no validation_list.txt or testing_list.txt to split by. Choose another rule."
            )
        if rule == "speaker" and not known:
            raise CorpusError(
                f"The speakers of {self.path} are not known, so it cannot be split by speaker. Give a speaker pattern."
            )
        if (rule in (None, "lists") and lists and self._pattern is None) or (rule == "lists" and lists):
            return _by_lists(root, clips), "The corpus' own lists select the validation and test clips."
        if rule in (None, "lists") and _is_digits(clips) and self._pattern is None:
            return (
                _by_number(clips),
                "As published: recordings 0 to 4 of each speaker and digit for test; 5 to 9 for validation. The same speakers appear in every split.",
            )
        if rule in (None, "speaker") and known:
            if rule is None and all(NOHASH.match(clip.path.stem) for clip in clips):
                hashed = [split_by_hash(str(speaker)) for speaker in speakers]
                if has_every_split(hashed):
                    return (
                        hashed,
                        "Each speaker's split follows from a hash of their name, as Speech Commands publishes it.",
                    )
            return splits_by_speaker([str(speaker) for speaker in speakers])
        return splits_by_clip([Splittable(clip.label, _drawn_by(root, clip), clip.sound) for clip in clips])


def _is_noise(sound: Sound) -> bool:
    return sound.path.startswith(f"{BACKGROUND_NOISE}/")


def _is_noise_recording(sound: Sound) -> bool:
    # noise may be longer than a clip, as it is cut; other faults remain
    return sound.fault in (None, "too_long")


def _is_digits(clips: Sequence[Clip]) -> bool:
    return all(DIGIT.match(clip.path.stem) for clip in clips)


def _by_number(clips: Sequence[Clip]) -> list[Split]:
    splits: list[Split] = []
    for clip in clips:
        number = int(clip.path.stem.rpartition("_")[2])
        splits.append("test" if number < 5 else "validation" if number < 10 else "training")
    return splits


def _by_lists(root: Path, clips: Sequence[Clip]) -> list[Split]:
    """Split by lists of `label/name.wav`; the ending does not matter, so a FLAC copy fits the original's lists."""
    split_of: dict[str, Split] = {}
    for name, split in LISTS.items():
        if (root / name).is_file():
            split_of.update(dict.fromkeys(listed(root / name), split))
    return [split_of.get(f"{clip.label}/{composed(clip.path.stem)}", "training") for clip in clips]


def _drawn_by(root: Path, clip: Clip) -> str:
    """The text whose hash decides a clip's split: its path in the folder, byte for byte as on disk."""
    name = clip.path.relative_to(root).as_posix()
    return name if "/" in name else f"{clip.label}/{name}"


def listed(path: Path) -> list[str]:
    """Read the clips of a list, `label/name` without the ending, in composed Unicode.

    Raises:
        CorpusError: it is not UTF-8 text, or cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise CorpusError(
            f"{path} cannot be read ({error}). It must be UTF-8 text, one label/clip.wav per line."
        ) from error
    return [composed(line.strip().replace("\\", "/").rpartition(".")[0]) for line in lines if line.strip()]


def _not_entered(root: Path) -> Iterator[Skipped]:
    """Yield what is not read: folders inside a word's folder, and links that lead to no clip."""
    for word in entries(root):
        if is_word_folder(word, root):
            for inner in entries(Path(word.path)):
                if _is_directory(inner):
                    yield Skipped(
                        Path(inner.path), "A folder inside a word's folder is not read; move its clips up by one level."
                    )
                elif problem := _faulty_link(inner):
                    yield Skipped(Path(inner.path), problem)
        elif problem := _faulty_link(word):
            yield Skipped(Path(word.path), problem)


def _faulty_link(entry: os.DirEntry[str]) -> str:
    """Why a link is not read, one sentence; "" if it is, or if the entry is not a link."""
    if not entry.is_symlink():
        return ""
    if _is_directory(entry):
        return "This link leads to a folder around this one, so it is not followed."
    if is_audio(entry.name) and not leads_to_file(entry):
        return "This link leads to no file. Put the file itself in its place."
    return ""


def _is_directory(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return entry.is_dir()
    return False
