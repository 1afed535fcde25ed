"""The dashboard as its server runs it: the pages of app.py, behind the door. Started by server.py."""

from __future__ import annotations

import sys

import streamlit as st
from starlette.middleware import Middleware

from dashboard import door, server, visitor
from dashboard.login import PasswordLogin
from data import workspace
from data.errors import EchoicError

try:
    login = server.login()
except EchoicError as error:
    print(f"echoic: {error}", file=sys.stderr)
    sys.exit(1)
for line in server.announced:
    print(line, flush=True)
if login != "none":
    workspace.separate(visitor.home)

app = st.App(
    workspace.PROJECT / "dashboard" / "app.py",
    middleware=[
        Middleware(door.Door, names=server.names_asked_for()),
        *([Middleware(PasswordLogin)] if login == "password" else []),
    ],
)
