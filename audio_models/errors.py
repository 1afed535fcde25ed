"""The engine's errors; all are `HarkError`, whose text is a sentence for the user."""

from data.errors import HarkError


class AudioError(HarkError):
    """A clip cannot be read as audio, or not within the bounds."""


class ConfigError(HarkError):
    """A setting is out of its range."""


class RunError(HarkError):
    """A run is not there, not finished, or its folder is damaged."""


class TrainingError(HarkError):
    """A training cannot start or go on with these clips."""
