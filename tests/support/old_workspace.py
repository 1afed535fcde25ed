"""Unpack the workspace that version 0.1.0 wrote, and move it to where it is unpacked.

That version wrote absolute paths: config.json holds those of a clip folder and of the run to start from, evaluations
those of clips. An evaluation on a folder of clips has a digest of the folder's path in its name. `manifest.json`, at
the zip's root, says where the workspace lay ("workspace") and what version 0.1.0 reports about it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

ARCHIVE = Path(__file__).parent.parent / "fixtures" / "old_workspace.zip"
MANIFEST = "manifest.json"


def unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack the workspace into `folder`, which may exist, and return its manifest."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).unlink()
    relocate(folder, manifest["workspace"], str(folder.resolve()))
    now = (folder / "runs").stat().st_mtime
    for path in folder.rglob("*"):  # an evaluation older than its network is ignored
        os.utime(path, (now, now))
    return manifest


def relocate(folder: Path, before: str, after: str) -> None:
    """Replace the path `before` by `after` in every JSON file of a workspace, and in the names derived from it."""
    quoted_before, quoted_after = (json.dumps(path, ensure_ascii=False)[1:-1] for path in (before, after))
    for path in sorted(folder.rglob("*.json")):
        text = path.read_text(encoding="utf-8")
        if quoted_before in text:
            path.write_text(text.replace(quoted_before, quoted_after), encoding="utf-8")
        if path.parent.name == "evaluations":
            name = json.loads(path.read_text(encoding="utf-8"))["corpus"]
            path.rename(path.with_name(f"{path.name.rpartition('-')[0]}-{digest(name)}.json"))


def digest(corpus: str) -> str:
    """Return what version 0.1.0 put into the name of an evaluation on a corpus, given its name or folder."""
    reference = f"CorpusReference(name={corpus!r}, speaker_pattern=None, split_by=None)"
    return hashlib.blake2b(reference.encode(), digest_size=6).hexdigest()
