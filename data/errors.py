"""The root of all errors of Echoic. Every message is a sentence for the user.

A message says what was passed, what was expected and how to fix it; pages and shell print it unchanged.
"""


class EchoicError(Exception):
    """An error that the user can fix; its text is shown without a traceback."""


class CorpusError(EchoicError):
    """A corpus, its folder or its index cannot be used."""


class AudioError(EchoicError):
    """A clip is not audio that can be read, or is out of bounds."""


class DownloadError(CorpusError):
    """A download failed, was cut off, or does not match its published checksum."""


class WorkspaceError(EchoicError):
    """A file of the workspace cannot be read or written."""


class Cancelled(EchoicError):
    """The user cancelled the job."""


def cut_off(name: str, promised: str, there: str) -> AudioError:
    """The refusal of a file that ends before its sound does."""
    return AudioError(f"{name} is cut off: its header promises {promised}, {there}. Copy or download it again.")
