"""`python -m audio_models`: see `cli`."""

from audio_models.cli import main
from audio_models.work import leave

leave(main())
