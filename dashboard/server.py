"""The dashboard's server: check that its address is free, say how to open the page, and become Streamlit."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from audio_models.errors import ConfigError
from audio_models.serving import ServingConfig
from data import command, log, users, workspace

_LOOPBACK = "127.0.0.1"
_EVERY_NETWORK = ("0.0.0.0", "::")

announced: list[str] = []
"""What served.py prints once nothing speaks against a start."""


def serve(config: ServingConfig) -> None:
    """Serve the pages until the process is stopped.

    Raises:
        ConfigError: the host is no address of this computer, or the port is in use.
    """
    check_free(config)
    announced.extend(announcement(config, os.environ))
    log.write("dashboard started", host=config.host, port=config.port, site=config.site)
    # Its matrices are small, and while a training has the cores, two threads wait for each other for seconds.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from streamlit.web import cli  # after the check, which answers at once

    served = workspace.PROJECT / "dashboard" / "served.py"  # its settings lie beside it, in .streamlit/config.toml
    options = ["--server.address", config.host, "--server.port", str(config.port)]
    if config.site:
        options += ["--browser.serverAddress", config.site_host, "--browser.serverPort", str(config.site_port)]
    cli.main(["run", str(served), *options], prog_name="streamlit")


def login() -> Literal["none", "password", "provider"]:
    """The login that a server of Streamlit needs for where it was asked to be reached, however that was said.

    Raises:
        ConfigError: others can reach it, and there is no login.
    """
    from streamlit import config

    host = config.get_option("server.address") or _EVERY_NETWORK[0]
    site = config.get_option("browser.serverAddress") if config.is_manually_set("browser.serverAddress") else ""
    return login_for_others(site or host) if is_wide(host, site) else "none"


def login_for_others(where: str) -> Literal["password", "provider"]:
    """The login that is set up for those who are not at this computer.

    Args:
        where: the address that they open.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    from dashboard import visitor

    if visitor.provider_is_set():
        if not visitor.provider_is_usable():
            raise ConfigError("The login by [auth] in secrets.toml needs two packages: pip install Authlib httpx")
        return "provider"
    if users.login() is not None:
        return "password"
    raise ConfigError(
        f"At {where} others can open Echoic, and there is no login. Set a password with: {command.shell('password')}; "
        f"or serve this computer alone, with --host {_LOOPBACK}."
    )


def is_wide(host: str, site: str) -> bool:
    """Whether others than this computer can open what is served at an address, or through a proxy as a site."""
    return not is_loopback(host) or bool(
        site and not is_loopback(urlsplit(f"//{site.rpartition('//')[2]}").hostname or "")
    )


def names_asked_for() -> set[str]:
    """The names that a server of Streamlit was asked to answer to, however: by an option, a variable or a file of settings."""
    from streamlit import config

    names = {str(name) for name in config.get_option("server.allowedHosts")}
    if config.is_manually_set("browser.serverAddress"):
        names.add(config.get_option("browser.serverAddress"))
    address = config.get_option("server.address")
    names.add(address or "")
    if address in (None, "", *_EVERY_NETWORK):
        here = socket.gethostname()
        names |= {here, f"{here}.local"}  # the second in a network without a server of names
    return {name.strip().strip("[]") for name in names} - {"", "*", *_EVERY_NETWORK}


def check_free(config: ServingConfig) -> None:
    """Refuse an address that cannot be listened on.

    Raises:
        ConfigError: the host is no address of this computer, or the port is in use.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(_no_address(config.host)) from error
    with socket.socket(family, kind) as attempt:
        if os.name != "nt":  # Windows would share a port that is in use
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(address)
        except PermissionError as error:
            raise ConfigError(f"Port {config.port} needs an administrator. {_another(config.port)}") from error
        except OSError as error:
            if not _is_here(family, address):
                raise ConfigError(_no_address(config.host)) from error
            raise ConfigError(
                f"Port {config.port} is in use. If Echoic is already running, open {_url(config)}; otherwise {_another(config.port, 'choose')}"
            ) from error


def announcement(config: ServingConfig, environment: Mapping[str, str]) -> list[str]:
    """What the terminal says when the dashboard opens: its address, who can open it, and the way to it from a laptop.

    Args:
        environment: variables of the process; `SSH_CONNECTION` tells that someone is logged in from another computer.
    """
    lines = [f"Echoic opens at {config.site or _url(config)}  (Ctrl-C stops it; training goes on)"]
    wide = not is_loopback(config.host)
    if wide:
        lines.append(
            "Whoever opens it signs in. What they type and say travels unencrypted unless a proxy adds HTTPS: see docs/sharing.md."
        )
    if wide or "SSH_CONNECTION" in environment:
        lines += [
            "From another computer, type this there, and leave it running:",
            f"    {tunnel(config, environment)}",
            f"Then open http://{_LOOPBACK}:{config.port} there."
            + (" A browser allows the microphone on such a page, but not over plain http from another computer." if wide else ""),
        ]  # fmt: skip
    return lines


def tunnel(config: ServingConfig, environment: Mapping[str, str]) -> str:
    """The line for the other computer: forward its own port to the dashboard's, through an encrypted login."""
    ports = {"0.0.0.0": _LOOPBACK, "::": _LOOPBACK}
    inner = ports.get(config.host, config.host)
    inner = f"[{inner}]" if ":" in inner else inner
    here, login_port = socket.gethostname(), "22"
    connection = environment.get("SSH_CONNECTION", "").split()
    if len(connection) == 4:  # client's address and port, this computer's address and port
        here, login_port = connection[2:]
    elsewhere = "" if login_port == "22" else f"-p {login_port} "
    user = environment.get("USER") or environment.get("USERNAME") or "you"
    return f"ssh -N -L {config.port}:{inner}:{config.port} {elsewhere}{user}@{here}"


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def _is_here(family: int, address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> bool:
    """Whether an address is one of this computer's, whichever ports are in use."""
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        try:
            attempt.bind((address[0], 0, *address[2:]))
        except OSError:
            return False
    return True


def _url(config: ServingConfig) -> str:
    """The page's address on this computer, or from the network where it is served there alone."""
    host = _LOOPBACK if config.host in _EVERY_NETWORK else config.host
    return f"http://{f'[{host}]' if ':' in host else host}:{config.port}"


def _another(port: int, choose: str = "Choose") -> str:
    return f"{choose} another port: {command.dashboard(port + 1 if port < 65535 else 8501)}"


def _no_address(host: str) -> str:
    return f"'{host[:80]}' is no address of this computer. Use 127.0.0.1 for this computer alone, or 0.0.0.0 for its networks."
