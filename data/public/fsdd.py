"""The Free Spoken Digit Dataset v1.0.10: ten digits by six speakers, 8 kHz. No size or checksum is published."""

from __future__ import annotations

from data.corpus import Description
from data.public.archive_corpus import Archive

DESCRIPTION = Description(
    name="fsdd",
    title="Free Spoken Digit Dataset",
    holds="3,000 clips: the digits 0 to 9 in English, fifty times each by six speakers, about half a second long.",
    licence="CC BY-SA 4.0",
    citation="Z. Jackson, C. Souza, J. Flaks, Y. Pan, H. Nicolas, A. Thite (2018): Free Spoken Digit Dataset, v1.0.8. Zenodo, doi:10.5281/zenodo.1342401",
    homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
    size="a small download: 3,000 clips of half a second at 8 kHz",
    speakers="Each file name holds its speaker's name.",
    splits="Its official test split, recordings 0 to 4: the same speakers appear in every split. Split by speaker to measure accuracy on new speakers.",
    words=tuple("0123456789"),
)

ARCHIVE = Archive(
    "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz",
    most_bytes=500_000_000,
)
