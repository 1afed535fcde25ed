"""The dashboard without a browser: open a page, read what it says, press its buttons."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import numpy as np
from streamlit import config
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from data.audio_file import encode_wav
from tests.conftest import PROJECT
from tests.support.sounds import RATE

_switch_page = AppTest.switch_page


def _open_from_menu(app: AppTest, page: str) -> AppTest:
    """A browser's menu opens a page without parameters; an `AppTest` would hand it those of the page before."""
    app.query_params.clear()
    return _switch_page(app, page)


AppTest.switch_page = _open_from_menu


def wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    return encode_wav(samples, rate)


# Opening a page looks through all installed packages for Streamlit components, which takes ten times as long as the page.
BidiComponentManager.discover_and_register_components = lambda *_, **__: None
# As .streamlit/config.toml has it, which is read by the server only.
for _name, _value in tomllib.loads((PROJECT / "dashboard" / ".streamlit" / "config.toml").read_text(encoding="utf-8"))[
    "runner"
].items():
    config.set_option(f"runner.{_name}", _value)


def open_page(page: str = "") -> AppTest:
    app = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=60).run()
    if page:
        app.switch_page(f"app_pages/{page}.py").run()
    healthy(app)
    return app


def reloaded(page: str, state: Mapping[str, Any]) -> AppTest:
    """The page as a browser shows it again that has nothing but its address."""
    app = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=60)
    app.switch_page(f"app_pages/{page}.py")
    app.query_params.update(state)
    return app.run()


def healthy(app: AppTest) -> None:
    assert not app.exception, [fault.value for fault in app.exception]


def text_of(app: AppTest) -> str:
    kinds = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    parts = [element.value for kind in kinds for element in getattr(app, kind)]
    return "\n".join([*parts, *(element.proto.body for element in app.get("html"))])


def button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)
