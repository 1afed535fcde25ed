"""The engine's errors; all are `EchoicError`, whose text is a sentence for the user."""

from data.errors import AudioError as AudioError
from data.errors import EchoicError


class ConfigError(EchoicError):
    """A setting has the wrong type or is out of range."""


class RunError(EchoicError):
    """A run is missing, unfinished or damaged."""


class TrainingError(EchoicError):
    """These clips cannot be trained on."""


class KerasFileError(EchoicError):
    """A keras file cannot be read, or its network cannot be shown."""
