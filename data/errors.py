"""The one error root of Echoic. Every message is a sentence for the user.

A message says what came, what was expected and how to mend it; the pages and the shell print it as it is.
"""


class EchoicError(Exception):
    """Anything that the user can mend. Its text is shown as it is, without a traceback."""


class CorpusError(EchoicError):
    """A corpus, its folder or its index cannot be used as asked."""


class DownloadError(CorpusError):
    """A download failed, was cut off, or is not what its publisher published."""


class WorkspaceError(EchoicError):
    """Something could not be written to, or read from, the workspace."""


class Cancelled(EchoicError):
    """The user asked for the work to stop."""
