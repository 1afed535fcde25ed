"""Stable names of clips for addresses: `voice:stop`, `noise:2`, `fsdd/recordings/8_theo_3.wav`, `own:mine/clips/0a1b.wav`.

A name is a corpus and the clip's place in it. No name leads out of a corpus: names are compared with those of the clips that
the corpora on this computer hold, and never opened as paths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from data import catalogue
from data.corpus import Clip, CorpusReference

_VOICE, _NOISE = "voice:", "noise:"


def of_voice(word: str) -> str:
    """The name of a word that a synthetic voice says."""
    return _VOICE + word


def spoken_word(name: str) -> str | None:
    """The word of such a name; None if it is the name of another clip."""
    return name.removeprefix(_VOICE) if name.startswith(_VOICE) else None


def of_noise(number: int) -> str:
    """The name of an example of noise."""
    return f"{_NOISE}{number}"


def noise_number(name: str) -> int | None:
    """The number of such a name; None if it is the name of another clip."""
    number = name.removeprefix(_NOISE)
    return int(number) if name.startswith(_NOISE) and re.fullmatch(r"[0-9]{1,4}", number) else None


def of_clip(clip: Clip, reference: CorpusReference) -> str:
    """The name of a clip of a corpus; "" if its file lies elsewhere."""
    return _name(clip, _corpus(reference), _folder(reference))


def find_clip(name: str, clips: Sequence[Clip], reference: CorpusReference) -> Clip | None:
    """The clip of a corpus with this name; None if it is gone."""
    corpus, folder = _corpus(reference), _folder(reference)
    return next((one for one in clips if _name(one, corpus, folder) == name), None)


def corpus_of(name: str, references: Sequence[CorpusReference]) -> CorpusReference | None:
    """Which of these corpora a clip's name is of."""
    return next((one for one in references if name.startswith(f"{_corpus(one)}/")), None)


def _name(clip: Clip, corpus: str, folder: Path) -> str:
    if not clip.path.is_relative_to(folder):
        return ""
    start = f"@{clip.start:g}" if clip.start else ""
    return f"{corpus}/{clip.path.relative_to(folder).as_posix()}{start}"


def _corpus(reference: CorpusReference) -> str:
    """The name of a corpus; of a folder without the path to it, which is nobody's business."""
    return Path(reference.name).name


def _folder(reference: CorpusReference) -> Path:
    path: Path = catalogue.open_corpus(reference).path  # type: ignore[attr-defined]
    return path
