"""Colours of charts and pages: a palette, blends, contrast as WCAG 2 defines it, and the page's own colours.

Categories use a palette safe for the colour-blind (Okabe and Ito 2008) and also differ in shape or dash; magnitudes use one
perceptual colour map.
"""

from __future__ import annotations

import tomllib
from functools import cache

from data import workspace

ACCENT = "#1b6ca8"
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [1, 3], [10, 4]]
RAMP = "viridis"

LEAST_CONTRAST = 4.5
"""Of text on what lies behind it (WCAG 2, level AA)."""

_MUTED = {"light": "#596367", "dark": "#a9b3b6"}


@cache
def theme(name: str) -> dict[str, str]:
    """The colours of the light or the dark page, as `.streamlit/config.toml` has them."""
    settings = tomllib.loads(
        (workspace.PROJECT / "dashboard" / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    )
    found: dict[str, str] = settings["theme"][name]
    return found


def page_colour(*, on_dark: bool) -> str:
    """What lies behind a page's text."""
    return theme("dark" if on_dark else "light")["backgroundColor"]


def text_colour(*, on_dark: bool) -> str:
    """A page's text."""
    return theme("dark" if on_dark else "light")["textColor"]


def muted(*, on_dark: bool) -> str:
    """Text that stands back, such as the labels of an axis."""
    return _MUTED["dark" if on_dark else "light"]


def blend(low: str, high: str, share: float) -> str:
    """The colour between two others, `#rrggbb` each; `share` 0 is `low`, 1 is `high`."""
    mixed = (round(one + (other - one) * share) for one, other in zip(_numbers(low), _numbers(high), strict=True))
    return "#" + "".join(f"{one:02x}" for one in mixed)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink_on(ground: str, *, on_dark: bool) -> str:
    """The page's text colour if it can be read on `ground`, else black or white, of which one always can."""
    own = text_colour(on_dark=on_dark)
    if contrast(own, ground) >= LEAST_CONTRAST:
        return own
    return max("#000000", "#ffffff", key=lambda one: contrast(one, ground))


def _numbers(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = (number / 255 for number in _numbers(colour))
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
