"""Open a corpus: a published one by its name, one of the user's own by its name, or any folder by its path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from data import workspace
from data.corpus import SILENCE, UNKNOWN, Corpus, CorpusReference, Description, Index
from data.errors import CorpusError
from data.folder import FolderCorpus
from data.own import corpus as own_corpus
from data.own.corpus import OWN_PREFIX, OwnCorpus
from data.public import fsdd, mini_speech_commands, speech_commands, synthetic_voices
from data.public.archive_corpus import ArchiveCorpus
from data.public.synthetic_voices import SyntheticVoices

_ARCHIVED = {module.DESCRIPTION.name: module for module in (speech_commands, mini_speech_commands, fsdd)}
NAMES: tuple[str, ...] = (synthetic_voices.DESCRIPTION.name, *_ARCHIVED)
_LONGEST_SHOWN = 200  # characters of a path in a message


def refer(text: str, speaker_pattern: str | None = None, split_by: str | None = None) -> CorpusReference:
    """Return the corpus that `text` names: a published one, one of the user's own, or else the folder at that path."""
    if text in NAMES or text.startswith(OWN_PREFIX):
        name = text
    elif own_corpus.exists(text):
        name = OwnCorpus(text).name
    else:
        name = _absolute(text)
    return CorpusReference(name, speaker_pattern, split_by)


def is_folder(text: str) -> bool:
    """Whether `text` is the path of a folder, or the name of a corpus that `refer` knows."""
    return not Path(name := refer(text).name).is_absolute() or (workspace.is_local() and os.path.isdir(name))


def open_corpus(reference: CorpusReference | str, words: Sequence[str] | None = None) -> Corpus:
    """Open a corpus; nothing is loaded yet.

    Args:
        reference: a reference, or the name in one.
        words: words that it must have; used only by synthetic voices, which can speak any word.

    Raises:
        CorpusError: there is no such corpus or folder, or it does not allow this split.
        WorkspaceError: it is a folder, and the user may not read this computer's files.
    """
    if isinstance(reference, str):
        reference = CorpusReference(reference)
    if reference.name == synthetic_voices.DESCRIPTION.name:
        return SyntheticVoices(words, reference.split_by)
    if module := _ARCHIVED.get(reference.name):
        return ArchiveCorpus(module.DESCRIPTION, module.ARCHIVE, reference.speaker_pattern, reference.split_by)
    if reference.name.startswith(OWN_PREFIX):
        if reference.speaker_pattern:
            raise CorpusError(
                f"'{reference.name}' stores the speaker of each clip, so it takes no speaker pattern. Leave the pattern out."
            )
        own = OwnCorpus(reference.name.removeprefix(OWN_PREFIX), reference.split_by)
        own.load()
        return own
    workspace.check_is_local()
    if not os.path.isdir(reference.name):  # unlike `is_dir`, no error if a name is too long or holds a zero byte
        mine = ", ".join(own_corpus.listing()[:20])
        raise CorpusError(
            f"There is no corpus and no folder '{reference.name[:_LONGEST_SHOWN]}'. The corpora are {', '.join(NAMES)}; "
            + (f"your own are {mine}; " if mine else "")
            + "or give the path of a folder of label/clip.wav."
        )
    return FolderCorpus(Path(reference.name), reference.speaker_pattern, reference.split_by)


def _absolute(folder: str) -> str:
    """The absolute path of a folder; what cannot be a path stays as it is, and is refused when it is opened."""
    try:
        return str(Path(folder).expanduser().resolve())
    except (OSError, RuntimeError, ValueError):  # too long, ~nobody, or a zero byte
        return folder


def descriptions() -> list[Description]:
    """Describe each published corpus, in the order of the pages."""
    return [open_corpus(name).description for name in NAMES]


def usual_labels(index: Index) -> tuple[str, ...]:
    """Return all words of a corpus: the classes unless the user chooses some."""
    return tuple(label for label in index.labels if label not in (UNKNOWN, SILENCE))
