"""All corpora by name, the user's own among them, and any folder by its path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from data.corpus import SILENCE, UNKNOWN, Corpus, CorpusReference, Description, Index
from data.errors import CorpusError
from data.folder import FolderCorpus
from data.own import corpus as own_corpus
from data.own.corpus import OWN_PREFIX, OwnCorpus
from data.public.fsdd import fsdd
from data.public.speech_commands import mini_speech_commands, speech_commands
from data.public.synthetic_voices import SyntheticVoices

_PUBLISHED: dict[str, Callable[..., Corpus]] = {
    "speech_commands": speech_commands,
    "mini_speech_commands": mini_speech_commands,
    "fsdd": fsdd,
}
NAMES: tuple[str, ...] = (SyntheticVoices.NAME, *_PUBLISHED)


def refer(text: str, speaker_pattern: str | None = None, split_by: str | None = None) -> CorpusReference:
    """The corpus that a user means by `text`: a name, that of a corpus of their own, or else the path of a folder."""
    if text in NAMES or text.startswith(OWN_PREFIX):
        name = text
    elif own_corpus.exists(text):
        name = OwnCorpus(text).name
    else:
        name = str(Path(text).expanduser().resolve())
    return CorpusReference(name, speaker_pattern, split_by)


def open_corpus(reference: CorpusReference | str, words: Sequence[str] | None = None) -> Corpus:
    """The corpus itself; nothing is loaded yet.

    Args:
        reference: a reference, or what may stand in one as its name.
        words: what will be asked of it. Only synthetic voices care: they can speak any word.

    Raises:
        CorpusError: there is no such corpus or folder, or it cannot be split as asked.
    """
    if isinstance(reference, str):
        reference = CorpusReference(reference)
    if reference.name == SyntheticVoices.NAME:
        return SyntheticVoices(words, reference.split_by)
    if reference.name in _PUBLISHED:
        return _PUBLISHED[reference.name](reference.speaker_pattern, reference.split_by)
    if reference.name.startswith(OWN_PREFIX):
        if reference.speaker_pattern:
            raise CorpusError(
                f"Who speaks in '{reference.name}' is kept with each clip, so it takes no speaker pattern. Leave the pattern away."
            )
        own = OwnCorpus(reference.name.removeprefix(OWN_PREFIX), reference.split_by)
        own.load()
        return own
    path = Path(reference.name)
    if not path.is_dir():
        mine = ", ".join(own_corpus.listing()[:20])
        raise CorpusError(
            f"There is no corpus and no folder '{reference.name}'. The corpora are {', '.join(NAMES)}; "
            + (f"your own are {mine}; " if mine else "")
            + "else give the path of a folder of label/clip.wav."
        )
    return FolderCorpus(path, reference.speaker_pattern, reference.split_by)


def descriptions() -> list[Description]:
    """What is known of each corpus, in the order in which a page shows them."""
    return [open_corpus(name).description for name in NAMES]


def usual_labels(index: Index) -> tuple[str, ...]:
    """All words of a corpus, which are the classes where the user chooses none."""
    return tuple(label for label in index.labels if label not in (UNKNOWN, SILENCE))
