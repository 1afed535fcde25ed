"""`python -m audio_models`: see `cli`."""

from audio_models.cli.main import main
from audio_models.jobs.job import exit_process

exit_process(main())
