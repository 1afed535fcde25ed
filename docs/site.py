"""Build the docs as a site: `python -m docs.site`, or `make docs`.

The pages are gathered in build/docs/pages: those of this folder, the README as the first one, the measurements, the cards of the models,
and the reference of the commands. mkdocs makes build/docs/site of them and refuses a link that leads nowhere. The site opens from its folder;
its search needs a server, such as `python -m http.server --directory build/docs/site`. It loads nothing from elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from data.workspace import PROJECT
from docs import commands

PAGES = PROJECT / "build" / "docs" / "pages"
SITE = PROJECT / "build" / "docs" / "site"

_FOREIGN = re.compile(
    r"""<(?:script|img|iframe|audio|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*(?:stylesheet|preconnect|preload)[^>]*href=["']?(?:https?:)?//"""
)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")


def main() -> int:
    """Gather the pages and build the site; return the exit status of mkdocs."""
    gather(PAGES)
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}  # advertisements; both are pinned
    status = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean"], cwd=PROJECT, check=False,
        env={**os.environ, **quiet},
    ).returncode  # fmt: skip
    if status:
        return status
    if found := [str(page) for page in SITE.rglob("*.html") if _FOREIGN.search(page.read_text(encoding="utf-8"))]:
        print(f"These pages load something from elsewhere: {', '.join(found)}", file=sys.stderr)
        return 1
    print(f"The docs are in {SITE / 'index.html'}")
    return 0


def sources() -> dict[Path, str]:
    """The pages that are files of the project, and what each is called in the site."""
    cards = sorted((PROJECT / "audio_models" / "pretrained").glob("*/card.md"))
    return {
        PROJECT / "README.md": "index.md",
        PROJECT / "benchmarks" / "README.md": "benchmarks.md",
        **{path: path.name for path in sorted((PROJECT / "docs").glob("*.md"))},
        **{path: f"models/{path.parent.name}.md" for path in cards},
    }


def gather(folder: Path) -> None:
    """Write all pages and pictures into an empty folder; links lead to the page as it is called there.

    A link to what is no page of the site, such as a source file, becomes its text.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "models").mkdir(parents=True)
    for path, name in sources().items():
        (folder / name).write_text(_relinked(path, name), encoding="utf-8")
    (folder / "commands.md").write_text(commands.page(), encoding="utf-8")
    for picture in (*(PROJECT / "docs").glob("*.png"), PROJECT / "dashboard" / "icon.svg"):
        shutil.copy(picture, folder / picture.name)


def _relinked(path: Path, name: str) -> str:
    names = sources()

    def renamed(link: re.Match[str]) -> str:
        mark, label, target, anchor = link.groups(default="")
        there = (path.parent / target).resolve()
        found = names.get(there) or (there.name if there.suffix == ".png" else None)
        if found is None:
            return label
        return f"{mark}[{label}]({os.path.relpath(found, Path(name).parent)}{anchor})"

    return _LINK.sub(renamed, path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
