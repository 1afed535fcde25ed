"""The command `password`: set, replace or remove what admits others to the dashboard."""

from __future__ import annotations

import argparse
import getpass
import sys

from data import users
from data.users import LoginError


def password(options: argparse.Namespace) -> int:
    """Set the password that all users share, remove it, or let one of them choose another of their own."""
    if options.forget:
        users.forget_password(options.forget)
        print(f"{options.forget} chooses another password at the next visit.")
    elif options.remove:
        users.remove_password()
        print("There is no password any more: Echoic serves this computer alone.")
    else:
        users.set_password(_typed())
        print(
            "The password is set. Whoever opens Echoic from another computer signs in with it, and with a name of their own."
        )
    return 0


def _typed() -> str:
    """Ask for the password twice; read it from a pipe as one line.

    Raises:
        LoginError: the two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Shared password: ")
    if getpass.getpass("Once more: ") != first:
        raise LoginError("The two are not the same. Nothing was changed.")
    return first
