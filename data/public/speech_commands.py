"""Speech Commands of Google: the whole of version 0.02, and the small excerpt of eight words.

Sizes and checksum: torchaudio and TensorFlow Datasets, which publish the same for the whole; none is published for
the excerpt.
"""

from __future__ import annotations

from data.corpus import Description
from data.public.archive_corpus import Archive, PublishedCorpus

_CITATION = "P. Warden (2018): Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition. arXiv:1804.03209"
_HOMEPAGE = "https://arxiv.org/abs/1804.03209"
_SPEAKERS = "Each file name begins with a code of its speaker."
_COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


def speech_commands(
    speaker_pattern: str | None = None, split_by: str | None = None, archive: Archive | None = None
) -> PublishedCorpus:
    """The whole of Speech Commands v0.02: 105,829 clips of 35 words by 2,618 speakers."""
    return PublishedCorpus(
        Description(
            name="speech_commands",
            title="Speech Commands v0.02",
            holds="105,829 clips of one second: 35 English words by 2,618 volunteers in their own rooms, and six recordings of background noise.",
            licence="CC BY 4.0",
            citation=_CITATION,
            homepage=_HOMEPAGE,
            size="2.4 GB download, about 3.4 GB on disk",
            speakers=_SPEAKERS,
            splits="Its official lists; no speaker is on two sides.",
            words=_COMMANDS,
        ),
        archive
        or Archive(
            "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
            most_bytes=6_000_000_000,
            size=2_428_923_189,
            sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        ),
        speaker_pattern,
        split_by,
    )


def mini_speech_commands(
    speaker_pattern: str | None = None, split_by: str | None = None, archive: Archive | None = None
) -> PublishedCorpus:
    """The excerpt of TensorFlow's audio tutorial: 8 words with 1,000 clips each."""
    words = ("down", "go", "left", "no", "right", "stop", "up", "yes")
    return PublishedCorpus(
        Description(
            name="mini_speech_commands",
            title="Mini Speech Commands",
            holds="8,000 clips of one second: eight English words, a thousand times each; the excerpt of Speech Commands that TensorFlow's audio tutorial uses.",
            licence="CC BY 4.0",
            citation=_CITATION,
            homepage=_HOMEPAGE,
            size="182 MB download, about 260 MB on disk",
            speakers=_SPEAKERS,
            splits="It has no lists: each speaker's side follows from a hash of their name, as Speech Commands publishes it.",
            words=words,
        ),
        archive
        or Archive(
            "http://storage.googleapis.com/download.tensorflow.org/data/mini_speech_commands.zip",
            most_bytes=1_000_000_000,
        ),
        speaker_pattern,
        split_by,
    )
