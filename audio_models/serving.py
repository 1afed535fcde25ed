"""The settings of the dashboard's server: where it can be reached."""

from __future__ import annotations

from dataclasses import dataclass

from audio_models.errors import ConfigError
from audio_models.settings import check, setting


@dataclass(frozen=True)
class ServingConfig:
    """Where the dashboard can be reached."""

    host: str = setting(
        "127.0.0.1", title="Host",
        help="Address that the page is served at. 127.0.0.1 is this computer alone; 0.0.0.0 is every network it is in, and whoever is in one of them can open the page.",
    )  # fmt: skip
    port: int = setting(8501, 1, 65535, title="Port", help="Port of the page.")

    def __post_init__(self) -> None:
        check(self)
        if not self.host.strip():
            raise ConfigError("Host is empty; expected an address of this computer, such as 127.0.0.1.")
