"""Users of a dashboard with a login: their passwords, and workspaces that the others do not see."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import catalogue, other_recordings, users, workspace
from data.corpus import CorpusReference
from data.errors import CorpusError, WorkspaceError
from data.own import corpus as own_corpus
from data.public.synthetic_voices import SyntheticVoices
from data.users import LoginError
from tests.support.sounds import glides

SHARED, OWN = "classroom-7", "annsecret"


@pytest.fixture
def open_to_all() -> None:
    users.set_password(SHARED)


@pytest.fixture
def as_user(open_to_all: None) -> Iterator[dict[str, str]]:
    """Two users; the workspace is that of the one whose id stands under "now"."""
    who = {name: users.sign_in(name, OWN, SHARED) for name in ("Ann", "Bob")}
    who["now"] = who["Ann"]
    workspace.separate(lambda: users.folder(who["now"]))
    yield who
    workspace.separate(None)


def test_only_hashes_are_stored_and_nobody_else_reads_them(workspace_folder: Path, open_to_all: None) -> None:
    user = users.sign_in("Ann", OWN, SHARED)
    for path in (workspace_folder / "login.json", users.folder(user) / "user.json"):
        assert not any(secret in path.read_text() for secret in (SHARED, OWN))
        if os.name != "nt":
            assert path.stat().st_mode & 0o777 == 0o600


def test_a_name_is_known_by_its_own_password_whatever_its_case(open_to_all: None) -> None:
    ann = users.sign_in("Ann  Smith", OWN, SHARED)
    assert users.sign_in(" ann smith", OWN, SHARED) == ann
    assert users.sign_in("Bob", OWN, SHARED) != ann
    with pytest.raises(LoginError, match="'Ann Smith' has another password"):
        users.sign_in("Ann Smith", "another-one", SHARED)


def test_the_shared_password_comes_first_and_tells_no_names(open_to_all: None) -> None:
    users.sign_in("Ann", OWN, SHARED)
    for name in ("Ann", "Nobody"):
        with pytest.raises(LoginError, match=r"^That is not the shared password\.$"):
            users.sign_in(name, OWN, "classroom-8")
    users.remove_password()
    with pytest.raises(LoginError):
        users.sign_in("Ann", OWN, SHARED)


@pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\u0000b", "a\u202eb"])
def test_what_is_no_name(name: str, open_to_all: None) -> None:
    with pytest.raises(LoginError, match=r"^A name has 1 to 60 characters\.$"):
        users.sign_in(name, OWN, SHARED)


@pytest.mark.parametrize("password", ["", "seven77", "a" * 201])
def test_what_is_no_password(password: str, open_to_all: None) -> None:
    with pytest.raises(LoginError, match=r"^A password has 8 to 200 characters\.$"):
        users.set_password(password)
    with pytest.raises(LoginError, match=r"^A password has 8 to 200 characters\.$"):
        users.sign_in("Ann", password, SHARED)


def test_a_token_is_over_forged_or_withdrawn(open_to_all: None) -> None:
    ann, bob = (users.sign_in(name, OWN, SHARED) for name in ("Ann", "Bob"))
    token = users.token(ann, now=1000)
    assert users.of_token(token, now=1000 + 3600 * users.HOURS) == ann
    assert users.of_token(token, now=1001 + 3600 * users.HOURS) is None
    user, until, signature = token.split(".")
    for forged in (
        f"{bob}.{until}.{signature}",
        f"{user}.{int(until) + 1}.{signature}",
        f"{user}.{until}.{signature[:-1]}",
        f"{user}.{until}.",
    ):
        assert users.of_token(forged, now=1000) is None
    users.forget_password("ann")
    assert users.of_token(token, now=1000) is None
    users.sign_in("Ann", "another-one", SHARED)
    assert users.of_token(token, now=1000) is None, "she has another password"
    token = users.token(bob)
    users.set_password(SHARED)
    assert users.of_token(token) is None, "all sign in again"


@given(st.text(max_size=80))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    assert users.of_token(text) is None


def test_a_damaged_file_of_passwords_is_told(workspace_folder: Path, open_to_all: None) -> None:
    (workspace_folder / "login.json").write_text('{"password": {"salt": "xy", "hash": ""}, "key": "00"}')
    with pytest.raises(WorkspaceError):
        users.login()


def test_nobody_sees_what_another_has_made(as_user: dict[str, str]) -> None:
    own_corpus.create("lights")
    assert own_corpus.listing() == ["lights"]
    ann = workspace.root()
    as_user["now"] = as_user["Bob"]
    assert own_corpus.listing() == []
    assert not workspace.root().is_relative_to(ann)
    for name in ("lights", f"../../{as_user['Ann']}/own/lights", str(ann / "own" / "lights")):
        for attempt in (own_corpus.delete, lambda name: catalogue.open_corpus(f"own:{name}"), catalogue.open_corpus):
            with pytest.raises((CorpusError, WorkspaceError)):
                attempt(name)
    as_user["now"] = as_user["Ann"]
    assert own_corpus.listing() == ["lights"]


def test_public_corpora_are_shared_but_not_which_words_were_asked_for(
    workspace_folder: Path, as_user: dict[str, str]
) -> None:
    voices = SyntheticVoices(words=("lamp",))
    assert voices.path == workspace_folder / "corpora" / "synthetic_voices"
    for word in voices.words:
        (voices.path / word).mkdir(parents=True)
    voices.load()
    assert "lamp" in SyntheticVoices().words
    as_user["now"] = as_user["Bob"]
    assert "lamp" not in SyntheticVoices().words, "which words somebody typed"


def test_a_process_of_a_user_knows_what_is_shared(
    workspace_folder: Path, as_user: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training is told the workspace of its user alone."""
    workspace.separate(None)
    monkeypatch.setenv("ECHOIC_HOME", str(users.folder(as_user["Ann"])))
    assert workspace.root() == users.folder(as_user["Ann"])
    assert workspace.shared_root() == workspace_folder
    assert not workspace.is_local()
    monkeypatch.setenv("ECHOIC_HOME", str(workspace_folder / "users" / "a-folder-of-mine"))
    assert workspace.shared_root() == workspace.root()
    assert workspace.is_local()


def test_files_of_the_computer_are_for_who_works_at_it(as_user: dict[str, str], tmp_path: Path) -> None:
    folder = glides(tmp_path / "clips", speakers=3)
    for attempt in (
        lambda: catalogue.open_corpus(CorpusReference(str(folder))),
        lambda: catalogue.open_corpus(CorpusReference(str(tmp_path / "not there"))),
        lambda: other_recordings.scan(folder),
    ):
        with pytest.raises(WorkspaceError, match="only by who works at it"):
            attempt()
    assert not catalogue.is_folder(str(folder))
    assert other_recordings.on_this_computer([str(folder)]) == ()
    workspace.separate(None)
    assert catalogue.is_folder(str(folder))
    assert other_recordings.on_this_computer([str(folder)]) == (str(folder),)


def test_a_thread_works_for_the_user_who_started_it(as_user: dict[str, str]) -> None:
    def nobody() -> Path:
        raise WorkspaceError("Nobody is signed in.")

    workspace.separate(nobody)
    with pytest.raises(WorkspaceError):
        workspace.root()
    found: list[Path] = []

    def work() -> None:
        with workspace.working_in(users.folder(as_user["Bob"])):
            found.append(workspace.root())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [users.folder(as_user["Bob"])]
