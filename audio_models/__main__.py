"""`python -m audio_models`: see `cli`."""

import sys

from audio_models.cli import main

sys.exit(main())
