"""The excerpt of Speech Commands that TensorFlow's audio tutorial uses: 8 words with 1,000 clips each.

No size or checksum is published.
"""

from __future__ import annotations

from data.corpus import Description
from data.public import speech_commands
from data.public.archive_corpus import Archive

DESCRIPTION = Description(
    name="mini_speech_commands",
    title="Mini Speech Commands",
    holds="8,000 clips of one second: eight English words, a thousand times each; the excerpt of Speech Commands that TensorFlow's audio tutorial uses.",
    licence="CC BY 4.0",
    citation=speech_commands.DESCRIPTION.citation,
    homepage=speech_commands.DESCRIPTION.homepage,
    size="182 MB download, about 260 MB on disk",
    speakers=speech_commands.DESCRIPTION.speakers,
    splits="By a hash of each speaker's name, as Speech Commands publishes it: the excerpt has no lists.",
    words=("down", "go", "left", "no", "right", "stop", "up", "yes"),
)

ARCHIVE = Archive(
    "http://storage.googleapis.com/download.tensorflow.org/data/mini_speech_commands.zip",
    most_bytes=1_000_000_000,
)
