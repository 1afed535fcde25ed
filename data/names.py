"""Clean and check text from users: labels, speakers, names of corpora and of files.

Labels and speakers are text in a database, in any script. The name of a corpus is also the name of a folder, which must
be valid on every system; `file_name` makes a file name of any text.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata

from data.corpus import BACKGROUND_NOISE, SILENCE, UNKNOWN
from data.errors import CorpusError

LONGEST = 60  # characters of a label, a speaker or the name of a corpus
LONGEST_ORIGINAL = 255
# Names of the catalogue, which no corpus of the user's own may have.
PUBLISHED_NAMES = ("synthetic_voices", "speech_commands", "mini_speech_commands", "fsdd")

_SPECIAL = (BACKGROUND_NOISE, UNKNOWN, SILENCE)
_NOT_IN_FILE_NAMES = '/\\:*?"<>|'
# Names of devices on Windows, with any ending and in any folder.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE | re.DOTALL)
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # they change the direction of all following text, even after the label
_LONGEST_PART = 100  # bytes of a part of a file name, with the digest of a long one


def clean_label(text: str) -> str:
    """Clean a label: single blanks, none at its ends, Unicode in composed form (NFC), 1 to 60 characters.

    Raises:
        CorpusError: it is empty or too long, holds control characters, or begins with '_' and is not a special label of
            `data.corpus`.
    """
    label = _clean(text, "label")
    if not label:
        raise CorpusError("The label is empty. Give the word spoken in the clip.")
    if label.startswith("_") and label not in _SPECIAL:
        raise CorpusError(
            f"'{shown(label)}' cannot be a label: of names that begin with '_', only {', '.join(_SPECIAL)} are allowed."
        )
    return label


def clean_speaker(text: str | None) -> str | None:
    """Clean a speaker as `clean_label` does; return None if it is None or blank.

    Raises:
        CorpusError: it is longer than 60 characters, or holds control characters.
    """
    return (_clean(text, "speaker") or None) if text is not None else None


def clean_name(text: str) -> str:
    """Clean the name of a corpus of the user's own: as a label, and a valid folder name on every system.

    Raises:
        CorpusError: it is invalid.
    """
    name = _clean(text, "corpus' name")
    if not name:
        raise CorpusError("The corpus has no name. Give it one of 1 to 60 characters.")
    if bad := sorted(set(name) & set(_NOT_IN_FILE_NAMES)):
        raise CorpusError(f"'{shown(name)}' cannot name a corpus: it holds {' '.join(bad)}. Leave that out.")
    if name.startswith((".", "_")) or name.endswith("."):
        raise CorpusError(
            f"'{shown(name)}' cannot name a corpus: it begins with '.' or '_', or ends with '.'. Begin with a letter or a number."
        )
    if is_device(name) or name.casefold() in PUBLISHED_NAMES:
        raise CorpusError(f"The name '{shown(name)}' is taken by {_taker(name)}. Choose another one.")
    return name


def clean_original(text: str) -> str:
    """Clean the original name of a file for display: replace unprintable characters, and cut it after 255."""
    return "".join("�" if unicodedata.category(one) in ("Cc", "Cs") else one for one in text)[:LONGEST_ORIGINAL]


def composed(label: str) -> str:
    """A label in Unicode's composed form (NFC); the names in a zip from a Mac are decomposed."""
    return unicodedata.normalize("NFC", label)


def is_device(part: str) -> bool:
    """Return whether a file name is a device on Windows: CON, NUL.wav, com1."""
    return _DEVICES.fullmatch(part) is not None


def same_on_every_system(path: str) -> str:
    """Return a key that is equal for names that some file system treats as one: it ignores case and Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def file_name(text: str, reserved: tuple[str, ...] = ()) -> str:
    """Make a file name that is valid on every system, readable if possible, and different for different texts.

    Invalid characters are percent-encoded, as in the web; a long text is cut, and its digest appended.

    Args:
        reserved: forbidden names, in lower case.
    """
    bad = {position for position, one in enumerate(text) if one in _NOT_IN_FILE_NAMES + "%" or ord(one) < 32}
    bad |= {position for position, one in enumerate(text) if ord(one) == 127 or "\ud800" <= one <= "\udfff"}
    if text.startswith(".") or is_device(text) or same_on_every_system(text) in reserved:
        bad.add(0)
    if text.endswith((".", " ")):
        bad.add(len(text) - 1)
    bad |= {found.start() for found in re.finditer("_nohash", text)}  # it marks the end of the speaker's name
    name = "".join(
        "".join(f"%{byte:02X}" for byte in os.fsencode(one)) if position in bad else one
        for position, one in enumerate(text)
    )
    if len(os.fsencode(name)) <= _LONGEST_PART:
        return name
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    # cut between characters, and not within a percent code
    beginning = os.fsencode(name)[: _LONGEST_PART - 1 - len(digest)].decode("utf-8", "ignore")
    return f"{re.sub('%.?$', '', beginning)}%{digest}"


def shown(text: str) -> str:
    """Shorten a text to 40 printable characters for a message."""
    return clean_original(text[:40]) + ("…" if len(text) > 40 else "")


def _clean(text: str, what: str) -> str:
    clean = unicodedata.normalize("NFC", " ".join(text.split()))
    if bad := [one for one in clean if unicodedata.category(one) in ("Cc", "Cs") or one in _TURNS]:
        raise CorpusError(
            f"The {what} '{shown(clean)}' holds the character U+{ord(bad[0]):04X}, which is not text. Leave it out."
        )
    if not any(unicodedata.category(one)[0] not in "CZM" for one in clean):
        clean = ""  # nothing visible
    if len(clean) > LONGEST:
        raise CorpusError(
            f"The {what} '{shown(clean)}' has {len(clean):,} characters; it may have up to {LONGEST}. Shorten it."
        )
    return clean


def _taker(name: str) -> str:
    return "a published corpus" if name.casefold() in PUBLISHED_NAMES else "a device of Windows"
