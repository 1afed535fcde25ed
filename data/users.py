"""Users of a dashboard with a login: one password that admits everybody, and for each user a name, a password and a workspace.

    workspace/
      login.json              the hash of the password that admits, and the key that signs what a browser keeps
      users/<id>/             the workspace of a user
      users/<id>/user.json    name, and the hash of the user's own password

The shared password alone would let anybody come in under the name of another, so each user has a password as well, chosen on
the first visit. Only hashes are stored: scrypt, with a salt of its own for each.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from data import stored, workspace
from data.errors import EchoicError, WorkspaceError

SHORTEST, LONGEST = 8, 200
"""Characters of a password."""
LONGEST_NAME = 60
HOURS = 12
"""That a browser stays signed in."""

Hexadecimal = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})+$")]

_LOGIN = "login.json"
_WORK = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and about 50 ms, see RFC 7914


class LoginError(EchoicError):
    """Somebody could not be let in, or a password not be set."""


@dataclass(frozen=True)
class Hashed:
    """The hash of a password.

    Attributes:
        salt, hash: as hexadecimal digits.
    """

    salt: Hexadecimal
    hash: Hexadecimal

    @classmethod
    def of(cls, password: str) -> Hashed:
        salt = secrets.token_bytes(16)
        return cls(salt.hex(), _scrypt(password, salt).hex())

    def fits(self, password: str) -> bool:
        """Whether it is the password's, compared in constant time."""
        return hmac.compare_digest(_scrypt(password, bytes.fromhex(self.salt)), bytes.fromhex(self.hash))


@dataclass(frozen=True)
class Login:
    """What admits to the dashboard.

    Attributes:
        password: the one that all users share.
        key: signs what the browsers of those who are signed in keep, as hexadecimal digits.
    """

    password: Hashed
    key: Hexadecimal


@dataclass(frozen=True)
class User:
    """Somebody who has a workspace.

    Attributes:
        name: as typed at the first visit, or as the provider of the login says it.
        password: None for one whom a provider vouches for, and one who may choose another.
    """

    name: str
    password: Hashed | None = None


def set_password(password: str) -> None:
    """Set the password that admits; whoever is signed in must sign in again.

    Raises:
        LoginError: it is too short or too long.
        WorkspaceError: it cannot be stored.
    """
    _check_password(password)
    workspace.made(workspace.shared_root())
    _write(workspace.shared_root() / _LOGIN, Login(Hashed.of(password), secrets.token_hex(32)))


def remove_password() -> None:
    """Have no password any more: the dashboard is for this computer alone."""
    (workspace.shared_root() / _LOGIN).unlink(missing_ok=True)


def login() -> Login | None:
    """What admits; None while no password is set.

    Raises:
        WorkspaceError: its file is damaged.
    """
    try:
        return stored.read(workspace.shared_root() / _LOGIN, Login)
    except FileNotFoundError:
        return None


def sign_in(name: str, own: str, shared: str) -> str:
    """Let a user in, who on the first visit chooses a name and a password; return the id. Not called by two at once.

    Args:
        own: the user's password.
        shared: the one that admits.

    Raises:
        LoginError: a password is wrong, or on the first visit name or password cannot be taken.
        WorkspaceError: the workspace cannot be created.
    """
    known = login()
    if known is None or not known.password.fits(shared):
        raise LoginError("That is not the shared password.")
    user = id_of(name)
    found = find(user)
    if found is not None and found.password is not None:
        if not found.password.fits(own):
            raise LoginError(f"'{found.name}' has another password. If you are new here, choose another name.")
        return user
    _check_password(own)
    create(user, User(" ".join(name.split()), Hashed.of(own)))
    return user


def id_of(name: str) -> str:
    """The id of the user with a name, whatever its case and blanks.

    Raises:
        LoginError: it cannot be a name.
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise LoginError(f"A name has 1 to {LONGEST_NAME} characters.")
    return id_from("name", plain)


def id_from(*what: str) -> str:
    """An id from what tells a user from all others."""
    return hashlib.sha256("\0".join(what).encode("utf-8", "replace")).hexdigest()[:24]


def create(user: str, who: User) -> None:
    """Create the workspace of a user, or write anew who has it.

    Raises:
        WorkspaceError: it cannot be written.
    """
    _write(workspace.made(folder(user)) / workspace.USER_FILE, who)


def find(user: str) -> User | None:
    """The user with an id; None if there is none.

    Raises:
        WorkspaceError: the file is damaged.
    """
    try:
        return stored.read(folder(user) / workspace.USER_FILE, User)
    except FileNotFoundError:
        return None


def forget_password(name: str) -> None:
    """Let a user choose another password at the next visit.

    Raises:
        LoginError: nobody has that name.
    """
    user = id_of(name)
    found = find(user)
    if found is None:
        raise LoginError(f"Nobody called '{name[:LONGEST_NAME]}' has been here.")
    create(user, User(found.name))


def folder(user: str) -> Path:
    """The workspace of the user with an id."""
    return workspace.shared_root() / "users" / user


def token(user: str, now: float | None = None) -> str:
    """What a browser keeps of a user who signed in: id, end [s since 1970], signature."""
    until = int((time.time() if now is None else now) + HOURS * 3600)
    return f"{user}.{until}.{_signature(user, until)}"


def of_token(text: str, now: float | None = None) -> str | None:
    """The id of the user whose browser keeps this; None if it is over, forged, or the user has another password by now."""
    user, _, rest = text.partition(".")
    until, _, signature = rest.partition(".")
    if not (len(user) == 24 and user.isalnum() and user.isascii() and until.isascii() and until.isdigit()):
        return None
    if len(until) > 12 or int(until) < (time.time() if now is None else now):
        return None
    try:
        expected = _signature(user, int(until))
    except WorkspaceError:
        return None
    return user if expected and hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")) else None


def _signature(user: str, until: int) -> str:
    """The signature; empty if there is no password, or no such user."""
    known, who = login(), find(user)
    if known is None or who is None or who.password is None:
        return ""
    return hmac.digest(bytes.fromhex(known.key), f"{user}.{until}.{who.password.salt}".encode(), "sha256").hex()


def _check_password(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise LoginError(f"A password has {SHORTEST} to {LONGEST} characters.")


def _scrypt(password: str, salt: bytes) -> bytes:
    text = unicodedata.normalize("NFC", password[: LONGEST + 1])  # one letter may be typed in two ways
    return hashlib.scrypt(text.encode("utf-8", "surrogatepass"), salt=salt, **_WORK)


def _write(path: Path, value: Login | User) -> None:
    """Write a file that nobody else on this computer can read."""
    with workspace.replacing(path) as new:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(stored.to_builtins(value), ensure_ascii=False, indent=1).encode("utf-8"))
