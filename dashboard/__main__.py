"""`python -m dashboard [--host ADDRESS] [--port N]`: open the dashboard; `echoic dashboard` is the same."""

from __future__ import annotations

import sys

from audio_models.options import Parser, add_settings, changed
from audio_models.serving import ServingConfig
from dashboard import server
from data.errors import EchoicError


def main() -> int:
    """Serve the dashboard until it is stopped; return an exit status."""
    try:
        parser = Parser(prog="python -m dashboard", description="Open the dashboard in your browser.")
        add_settings(parser, ServingConfig)
        server.serve(changed(ServingConfig(), parser.parse_args()))
    except EchoicError as error:
        print(f"echoic: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
