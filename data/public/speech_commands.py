"""Speech Commands v0.02: 105,829 clips of 35 words by 2,618 speakers.

Size and checksum: torchaudio and TensorFlow Datasets, which publish the same ones.
"""

from __future__ import annotations

from data.corpus import Description
from data.public.archive_corpus import Archive

DESCRIPTION = Description(
    name="speech_commands",
    title="Speech Commands v0.02",
    holds="105,829 clips of one second: 35 English words by 2,618 volunteers in their own rooms, and six recordings of background noise.",
    licence="CC BY 4.0",
    citation="P. Warden (2018): Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition. arXiv:1804.03209",
    homepage="https://arxiv.org/abs/1804.03209",
    size="2.4 GB download, about 3.4 GB on disk",
    speakers="Each file name begins with a code of its speaker.",
    splits="Its official lists; no speaker appears in two splits.",
    words=("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"),
)

ARCHIVE = Archive(
    "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
    most_bytes=6_000_000_000,
    size=2_428_923_189,
    sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
)
