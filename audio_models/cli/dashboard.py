"""The command `dashboard`, which opens the pages."""

from __future__ import annotations

import argparse
from importlib import import_module

from audio_models.options import changed
from audio_models.serving import ServingConfig


def dashboard(options: argparse.Namespace) -> int:
    """Become the dashboard's server. Its name is all that is known of it here: the engine imports no page."""
    import_module("dashboard.server").serve(changed(ServingConfig(), options))
    return 0
