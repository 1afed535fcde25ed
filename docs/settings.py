"""Write the tables of docs/settings.md from the declarations of the settings: `python -m docs.settings`."""

from __future__ import annotations

from typing import Any

from audio_models.config import (
    RECIPES,
    AugmentationConfig,
    FeatureConfig,
    NegativesConfig,
    NetworkConfig,
    TrainingConfig,
)
from audio_models.lab.comparison import ComparisonConfig
from audio_models.lab.memory import MemoryConfig
from audio_models.listening.detection import DetectionConfig
from audio_models.listening.evaluation_config import StreamingEvaluationConfig
from audio_models.recipes import recipe_defaults
from audio_models.serving import ServingConfig
from audio_models.settings import Setting, settings_of
from data import workspace

PAGE = workspace.PROJECT / "docs" / "settings.md"
SECTIONS: dict[type[Any], tuple[str, str]] = {
    NetworkConfig: ("Network", "train"),
    TrainingConfig: ("Training", "train"),
    AugmentationConfig: ("Augmentation of training clips", "train"),
    NegativesConfig: ("Rejection", "train"),
    FeatureConfig: ("Features", "train"),
    ComparisonConfig: ("Comparison of cells", "compare"),
    MemoryConfig: ("Memory lab", "memory"),
    DetectionConfig: ("Listening", "listen"),
    StreamingEvaluationConfig: ("Streaming evaluation", "evaluate-streaming"),
    ServingConfig: ("Dashboard", "dashboard"),
}
"""Each dataclass with settings: its heading, and the command that takes them."""

_BEGIN, _END = "<!-- begin: python -m docs.settings -->", "<!-- end -->"


def main() -> int:
    """Write the tables into the page; the text around them stays."""
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def renewed(page: str) -> str:
    """The page with its tables written anew."""
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n\n{tables()}\n{_END}{after}"


def tables() -> str:
    """A table for each dataclass of settings, as Markdown."""
    parts = []
    for kind, (heading, command) in SECTIONS.items():
        rows = "\n".join(_row(kind, row) for row in settings_of(kind))
        parts.append(
            f"## {heading}\n\nOptions of `echoic {command}`.\n\n"
            f"| option | setting | values | default | what it does |\n|---|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _row(kind: type[Any], row: Setting) -> str:
    off = f", `--no-{row.option}`" if row.hint is bool else ""
    unit = f" [{row.unit}]" if row.unit else ""
    cells = (f"`--{row.option}`{off}", row.title + unit, _values(row), _default(kind, row), row.help)
    return f"| {' | '.join(cells)} |"


def _values(row: Setting) -> str:
    if row.is_folders:
        return "a folder; may be repeated"
    commas = ", with commas between" if row.is_list else ""
    if row.choices:
        return ", ".join(f"`{one}`" for one in row.choices) + commas
    if row.hint is bool:
        return "on, off"
    if row.low is None or row.high is None:
        return "text"
    return f"{row.text_of(row.low)} to {row.text_of(row.high)}{commas}"


def _default(kind: type[Any], row: Setting) -> str:
    by_recipe = recipe_defaults(kind, row)
    if len(set(by_recipe.values())) > 1:
        return "<br>".join(f"{recipe}: {by_recipe[recipe]}" for recipe in RECIPES)
    return row.text_of(row.default)


if __name__ == "__main__":
    raise SystemExit(main())
