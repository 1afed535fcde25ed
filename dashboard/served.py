"""The dashboard as its server runs it: the pages of app.py, behind the door. Started by server.py."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from dashboard import door, server
from data import workspace

app = st.App(
    workspace.PROJECT / "dashboard" / "app.py", middleware=[Middleware(door.Door, names=server.names_asked_for())]
)
