"""The shell: `python -m audio_models COMMAND`."""
