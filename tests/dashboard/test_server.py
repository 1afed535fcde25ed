"""Where the dashboard is served, and what the terminal says about it."""

from __future__ import annotations

import socket

import pytest

from audio_models.errors import ConfigError
from audio_models.serving import ServingConfig
from dashboard import server
from tests.support.served import free_port

LOGIN = {"USER": "pi", "SSH_CONNECTION": "192.168.1.7 50312 192.168.1.20 22"}


def test_at_a_desk_the_terminal_says_one_line() -> None:
    (line,) = server.announcement(ServingConfig(), {})
    assert line.startswith("Echoic opens at http://127.0.0.1:8501 ")


def test_on_a_computer_without_a_screen_it_says_what_to_type_on_the_laptop() -> None:
    lines = server.announcement(ServingConfig(port=8600), LOGIN)
    assert "    ssh -N -L 8600:127.0.0.1:8600 pi@192.168.1.20" in lines
    assert lines[-1] == "Then open http://127.0.0.1:8600 there."
    assert not any("Warning" in line for line in lines)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_served_to_a_network_it_says_what_is_missing_and_the_way_that_keeps_the_microphone(host: str) -> None:
    lines = server.announcement(ServingConfig(host), LOGIN)
    assert lines[0].startswith("Echoic opens at http://127.0.0.1:8501 ")
    assert "unencrypted" in lines[1]
    assert "    ssh -N -L 8501:127.0.0.1:8501 pi@192.168.1.20" in lines
    assert "microphone" in lines[-1]


def test_behind_a_proxy_it_names_the_address_that_users_type() -> None:
    (line,) = server.announcement(ServingConfig(site="https://echoic.example.org"), {})
    assert line.startswith("Echoic opens at https://echoic.example.org ")


def test_the_line_for_the_laptop_fits_the_login() -> None:
    other_port = {**LOGIN, "SSH_CONNECTION": "10.0.0.2 1 10.0.0.3 2222"}
    assert server.tunnel(ServingConfig(), other_port) == "ssh -N -L 8501:127.0.0.1:8501 -p 2222 pi@10.0.0.3"
    assert server.tunnel(ServingConfig("10.0.0.3"), LOGIN).startswith("ssh -N -L 8501:10.0.0.3:8501 ")
    assert server.tunnel(ServingConfig("::1"), {}) == f"ssh -N -L 8501:[::1]:8501 you@{socket.gethostname()}"


@pytest.mark.parametrize(
    ("host", "only_here"), [("127.0.0.1", True), ("127.0.0.9", True), ("::1", True), ("localhost", True),
                            ("0.0.0.0", False), ("::", False), ("192.168.1.20", False), ("raspberrypi", False)],
)  # fmt: skip
def test_what_only_this_computer_reaches(host: str, only_here: bool) -> None:
    assert server.is_loopback(host) is only_here


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host", "a" * 300])
def test_an_address_of_another_computer_is_refused_in_one_sentence(host: str) -> None:
    with pytest.raises(ConfigError, match=r"is no address of this computer\. Use 127"):
        server.check_free(ServingConfig(host, free_port()))


def test_a_port_in_use_is_refused_with_the_command_for_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"Port {port} is in use\. .* choose another port: make run PORT={port + 1}"
        ):
            server.check_free(ServingConfig(port=port))


def test_an_empty_host_is_no_address() -> None:
    with pytest.raises(ConfigError, match="Host is empty"):
        ServingConfig(" ")
