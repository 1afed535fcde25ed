"""The engine's errors; all are `EchoicError`, whose text is a sentence for the user."""

from data.errors import EchoicError


class AudioError(EchoicError):
    """A clip cannot be read as audio, or not within the bounds."""


class ConfigError(EchoicError):
    """A setting is out of its range."""


class RunError(EchoicError):
    """A run is not there, not finished, or its folder is damaged."""


class TrainingError(EchoicError):
    """A training cannot start or go on with these clips."""
