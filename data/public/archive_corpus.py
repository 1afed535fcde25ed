"""A corpus published as an archive: downloaded, verified, unpacked, then read like any folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data import command, workspace
from data.archives import unpack
from data.corpus import Corpus, Description, Index, Report, no_progress
from data.errors import CorpusError
from data.folder import FolderCorpus


@dataclass(frozen=True)
class Archive:
    """The archive of a published corpus.

    Attributes:
        url: of the archive.
        most_bytes: upper bound of the unpacked size [bytes].
        size: of the archive [bytes], None if not published.
        sha256: of the archive, hexadecimal, None if not published.
    """

    url: str
    most_bytes: int
    size: int | None = None
    sha256: str | None = None


class ArchiveCorpus(Corpus):
    """A corpus of one archive, stored in the workspace.

    Args:
        description, archive: as in the modules of this folder.
        speaker_pattern, split_by: see `FolderCorpus`.
    """

    def __init__(
        self,
        description: Description,
        archive: Archive,
        speaker_pattern: str | None = None,
        split_by: str | None = None,
    ) -> None:
        self.description = description
        self._archive = archive
        self._folder = FolderCorpus(self.path, speaker_pattern, split_by)

    @property
    def path(self) -> Path:
        """Its folder, once it is loaded."""
        return workspace.shared_root() / "corpora" / self.description.name

    def is_loaded(self) -> bool:
        return self.path.is_dir()  # exists only once complete

    def load(self, report: Report = no_progress) -> None:
        if self.is_loaded():
            return
        downloads = workspace.made(workspace.shared_root() / "corpora" / ".downloads")
        packed = downloads / f"{self.name}{''.join(Path(self._archive.url).suffixes[-2:])}"
        with workspace.locked(downloads / f"{self.name}.lock"):  # two pages may load it at once
            if self.is_loaded():
                return
            if not packed.is_file():
                from data.public.download import download  # requests takes a while to import

                download(self._archive.url, packed, size=self._archive.size, sha256=self._archive.sha256, report=report)
            try:
                unpack(packed, self.path, most_bytes=self._archive.most_bytes, report=report)
            except CorpusError:
                packed.unlink(missing_ok=True)  # damaged: the next try downloads it again
                raise
            packed.unlink(missing_ok=True)

    def index(self, report: Report = no_progress) -> Index:
        if not self.is_loaded():
            raise CorpusError(
                f"{self.description.title} is not loaded yet. Load it on the Data page, or with: {command.shell(f'fetch {self.name}')}"
            )
        return self._folder.index(report)
