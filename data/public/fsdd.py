"""The Free Spoken Digit Dataset: ten digits by six speakers, 8 kHz."""

from __future__ import annotations

from data.corpus import Description
from data.public.archive_corpus import Archive, PublishedCorpus


def fsdd(
    speaker_pattern: str | None = None, split_by: str | None = None, archive: Archive | None = None
) -> PublishedCorpus:
    """The digits in version 1.0.10, or the archive that is named."""
    return PublishedCorpus(
        Description(
            name="fsdd",
            title="Free Spoken Digit Dataset",
            holds="3,000 clips: the digits 0 to 9 in English, fifty times each by six speakers, about half a second long.",
            licence="CC BY-SA 4.0",
            citation="Z. Jackson, C. Souza, J. Flaks, Y. Pan, H. Nicolas, A. Thite (2018): Free Spoken Digit Dataset, v1.0.8. Zenodo, doi:10.5281/zenodo.1342401",
            homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
            size="a small download: 3,000 clips of half a second at 8 kHz",
            speakers="Each file name holds its speaker's name.",
            splits="Its official test side, recordings 0 to 4: the same speakers are on every side. Split by speaker, it shows how strangers fare.",
            words=tuple("0123456789"),
        ),
        archive
        or Archive(
            "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz",
            most_bytes=500_000_000,
        ),
        speaker_pattern,
        split_by,
    )
