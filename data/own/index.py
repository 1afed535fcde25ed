"""The index of a corpus of the user's own: which of its clips are there, and in which split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from data.corpus import BACKGROUND_NOISE, Clip, Index, Report, Skipped, Split
from data.errors import CorpusError
from data.own.records import OwnClip, Snapshot
from data.scan import audio_files, scan
from data.splits import Splittable, is_speaker_disjoint, splits_by_clip, splits_by_speaker

_FEWEST_SPEAKERS = 3  # with fewer, a split stays empty


def index_of(now: Snapshot, folder: Path, title: str, split_by: str | None, report: Report) -> Index:
    """Find the files of a corpus and split its clips.

    Args:
        now: the corpus, read before its files: one added meanwhile is in a later version.
        folder: of the clips' files.
        title: the name of the corpus in messages.
        split_by: "lists", "speaker" or "clip"; by default the first of these that the clips allow.

    Raises:
        CorpusError: it is empty, or its clips do not allow the rule.
        Cancelled: `report` raised it.
    """
    there = {one.path: one for one in scan(folder, list(audio_files(folder)), report)}
    stored = sorted((*now.clips, *now.noise), key=lambda one: (one.label, one.id))
    skipped = tuple(
        Skipped(one.path, f"Its file is gone from {folder}; something other than Echoic removed it.")
        for one in stored
        if one.path.name not in there
    )
    stored = [one for one in stored if one.path.name in there]
    words = [one for one in stored if one.label != BACKGROUND_NOISE]
    if not words:
        raise CorpusError(
            f"The corpus '{title}' is empty. Record or upload some clips first."
            + (f" The files of {len(skipped):,} are gone." if skipped else "")
        )
    sounds = {one.id: there[one.path.name].sound for one in words}
    splits, rule = _splits(words, sounds, title, split_by)
    clips = tuple(
        Clip(one.path, one.label, split, one.seconds, one.speaker, one.digest, sound=sounds[one.id])
        for one, split in zip(words, splits, strict=True)
    )
    return Index(
        clips=clips,
        noise=tuple(one.path for one in stored if one.label == BACKGROUND_NOISE),
        skipped=skipped,
        split_rule=rule,
        speakers_known=all(clip.speaker is not None for clip in clips),
        speaker_disjoint=is_speaker_disjoint(clips),
    )


def _splits(
    clips: Sequence[OwnClip], sounds: Mapping[str, str], title: str, split_by: str | None
) -> tuple[Sequence[Split], str]:
    """Return the split of each clip, and the rule in one sentence."""
    fixed = any(clip.split for clip in clips)
    speakers = [clip.speaker for clip in clips if clip.speaker is not None]
    known = len(speakers) == len(clips)
    if split_by == "lists" and not fixed:
        raise CorpusError(f"No list came with the clips of '{title}' to split by. Choose another rule.")
    if split_by == "speaker" and not known:
        raise CorpusError(
            f"{len(clips) - len(speakers):,} of the clips of '{title}' have no speaker, so it cannot be split by speaker. Give them speakers."
        )
    if split_by in (None, "lists") and fixed:
        rule = "The lists that came with its clips choose the validation and test clips."
        return [clip.split or "training" for clip in clips], rule
    if split_by == "speaker" or (split_by is None and known and len(set(speakers)) >= _FEWEST_SPEAKERS):
        return splits_by_speaker(speakers)
    return splits_by_clip([Splittable(clip.label, f"{clip.label}/{clip.id}", sounds[clip.id]) for clip in clips])
