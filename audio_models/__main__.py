"""`python -m audio_models`: see `cli`."""

from audio_models.cli.main import run

run()
