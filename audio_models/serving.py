"""The settings of the dashboard's server: where it can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from audio_models.errors import ConfigError
from audio_models.settings import check, setting


@dataclass(frozen=True)
class ServingConfig:
    """Where the dashboard can be reached."""

    host: str = setting(
        "127.0.0.1", title="Host",
        help="Address that the page is served at. 127.0.0.1 is this computer alone; 0.0.0.0 is every network it is in; then a login is needed.",
    )  # fmt: skip
    port: int = setting(8501, 1, 65535, title="Port", help="Port of the page.")
    site: str = setting(
        "", title="Site",
        help="Address that users type where a proxy serves the page, such as https://echoic.example.org; then a login is needed.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)
        if not self.host.strip():
            raise ConfigError("Host is empty; expected an address of this computer, such as 127.0.0.1.")
        try:
            parts = urlsplit(self.site)
            whole = self.site.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in self.site
            fits = not self.site or bool(self.site_host and self.site_port and whole)
        except ValueError:  # no port
            fits = False
        if not fits:
            raise ConfigError(
                f"Site is '{self.site[:80]}'; expected an address without a path, such as https://echoic.example.org."
            )

    @property
    def site_host(self) -> str:
        """The name in the site's address."""
        return urlsplit(self.site).hostname or ""

    @property
    def site_port(self) -> int:
        """The port in the site's address."""
        parts = urlsplit(self.site)
        return parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
