"""What a browser tab remembers between two clicks: each value declared once, with its type, default and meaning.

Streamlit keeps these values in one dictionary of string keys, `st.session_state`. No other module touches it, so two pages
cannot share a key by accident. A value whose type belongs to one page is declared in that page's folder, with `Value`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from data.corpus import CorpusReference

T = TypeVar("T")


@dataclass(frozen=True)
class Value(Generic[T]):
    """A value of this tab.

    Attributes:
        key: where Streamlit keeps it; for a widget's value, also the widget's `key`.
        default: the value before one is set; immutable.
    """

    key: str
    default: T

    def get(self) -> T:
        value: T = st.session_state.get(self.key, self.default)
        return value

    def set(self, value: T) -> None:
        st.session_state[self.key] = value

    def pop(self) -> T:
        """Return the value and go back to the default."""
        value: T = st.session_state.pop(self.key, self.default)
        return value

    def start_with(self, value: T) -> None:
        """Set a value unless there is one: Streamlit drops a widget's value when another page opens."""
        st.session_state.setdefault(self.key, value)

    def of(self, name: str) -> Value[T]:
        """The value of one thing among several of the same kind, such as a run or a page."""
        return Value(f"{self.key}-{name}", self.default)


def selection(key: str) -> Any:
    """What the user has selected in the chart or table with this key; for its callback."""
    return st.session_state[key].selection


def forget_all() -> None:
    """Forget whatever this tab knows."""
    st.session_state.clear()


# Who looks
VISITOR = Value[str]("visitor", "")
"""The id of the user whom the tab belongs to, see `dashboard.visitor`."""

# The address
ADDRESS_PAGE = Value[str]("address_page", "")
"""The page that was drawn last."""
ADDRESS_WRITTEN = Value[dict[str, str] | None]("address_written", None)
"""What its address was then; `of` a page."""
ADDRESS_INCOMING = Value[dict[str, str] | None]("address_incoming", None)
"""What a link asks for and no widget has taken yet."""
ADDRESS_FOLLOWED = Value[dict[str, tuple[str | None, str | None]] | None]("address_followed", None)
"""The parameters of the page: each has the key of its widget, or its text."""

# The workspace
REMEMBERED = Value[frozenset[str]]("remembered", frozenset())
"""The keys whose values are kept, see `dashboard.shared.remembered`."""
RECENT_OPEN = Value[bool]("recent", False)
"""Widget: whether the list of folders used before is open; `of` its field."""

# Models
CHOSEN_RUN = Value[str | None]("chosen_run", None)
"""The run chosen on Predict and Evaluate, or trained last."""
OPENED_RUN = Value[str | None]("opened_run", None)
"""The run just opened from a keras file; the page's select box takes it once."""
CHOSEN_LISTENER = Value[str | None]("chosen_listener", None)
"""The run chosen on Listen and Live."""
INSIDE_RUN = Value[str | None]("chosen_inside", "plain-lstm")
"""The run chosen on Inside: at first one layer, one direction, gates with names: the easiest to read."""
WATCHED_RUN = Value[str | None]("watched_run", None)
"""The run whose training the Train page shows."""
WATCHED_IS_ACTIVE = Value[bool]("watched_active", True)
"""Whether that training still goes on, so the page redraws it every second."""
NEWEST_JOB = Value[str | None]("newest_job", None)
"""The job started last on a page; `of` its page."""

# Corpora
OTHER_FOLDERS = Value[str]("other-folders", "")
"""Widget: the folders of other recordings on Train, one in each line."""
CORPUS = Value[CorpusReference | None]("corpus", None)
"""The corpus to learn from, chosen on Data, Train or Compare."""
EVALUATION_CORPUS = Value[CorpusReference | None]("evaluation_corpus", None)
"""The corpus chosen on Evaluate in place of the run's own."""
USE_EVALUATION_CORPUS = Value[bool]("other_corpus", False)
"""Widget: whether Evaluate uses it."""
CORPUS_BOX = Value[str | None]("corpus-box", None)
"""Widget: the select box of corpora; `of` a page."""
DATA_CLIPS_PAGE = Value[int]("data_clips_page", 0)
"""How often Data was asked for other clips of the word."""

# Inside
CLIP_SOURCE_GIVEN = Value[str]("clip_source_given", "Example")
"""The source of clips that the page chose by itself; `of` the page."""

# Predict
WELCOME = Value[bool | None]("welcome", None)
"""Whether this tab greets a newcomer; None before it is decided."""
INPUTS_SEEN = Value[dict[str, Any]]("inputs_seen", {"recording": None, "files": (), "example": None})
"""The recording and the uploaded files that the page saw last, by id, and the example."""
NEWEST_INPUT = Value[str | None]("input_newest", None)
"""Which of them changed last: "recording", "files" or "example"."""
EXAMPLE = Value[str | None]("example", None)
"""The example that was asked for last, by the name of its clip."""
EXAMPLES_HEARD = Value[int]("examples_heard", 0)
"""How many examples were asked for; `of` a kind."""

# Train
STARTED_TRAININGS = Value[int]("started_trainings", 0)
"""How many trainings this tab has started; each folds More settings again."""
TRAIN_CELL = Value[str | None]("train_cell", None)
"""Widget: the cell."""
TRAIN_RECIPE = Value[str | None]("train_recipe", None)
"""Widget: the recipe."""
TRAIN_NAME = Value[str]("name", "")
"""Widget: the name of the next training."""
TRAIN_NAME_USED = Value[bool]("name_used", False)
"""Whether a training has just been started with it."""
CHANGED_SETTINGS = Value[dict[str, Any] | None]("changed_settings", None)
"""The settings that the user has changed, by name; `of` a recipe. Another cell keeps them."""
AUGMENTED_EXAMPLE = Value[int]("augmented_example", -1)
"""Which training clip is played before and after augmentation; -1 before the first."""

# Listen
LISTEN_NOW = Value[bool]("listen_now", False)
"""Listen was pressed."""
LISTEN_STOPPED = Value[bool]("listen_stopped", False)
"""Cancel was pressed."""
LISTEN_ERROR = Value[str]("listen_error", "")
"""Why the recording could not be read."""
LISTEN_SOURCE = Value[str | None]("listen_source", None)
"""Widget: where the recording comes from."""
LISTEN_PATH = Value[str | None]("listen_path", None)
"""Widget: its path on this computer."""
LISTEN_STRETCH = Value[tuple[float, float] | None]("listen_stretch", None)
"""The stretch shown in the closer look: start and length [s]."""
LISTEN_PLAYING = Value[tuple[float, float] | None]("listen_playing", None)
"""The stretch to play at once, after a click on its word."""
LISTEN_FROM = Value[float]("listen_from", 0.0)
"""Widget: start of the stretch [s]."""
LISTEN_LENGTH = Value[float]("listen_length", 0.0)
"""Widget: length of the stretch [s]."""
LISTEN_THRESHOLD = Value[float]("listen-threshold", 0.0)
"""Widget: the detection threshold; `of` a run."""
LISTEN_SMOOTHING = Value[int]("listen-smoothing", 0)
"""Widget: the smoothing [ms]; `of` a run."""
LISTEN_PAUSE = Value[int]("listen-pause", 0)
"""Widget: the pause between words [ms]; `of` a run."""
LISTEN_CONTEXT = Value[int]("listen-context", 0)
"""Widget: how far back other speech counts [ms]; `of` a run."""

# Live
LIVE_MESSAGE = Value[dict[str, Any]]("live", {})
"""Widget: what the browser sent last."""

# Your words
OWN_CORPUS = Value[str | None]("own_corpus", None)
"""The corpus that is open."""
OWN_CHOICE = Value[str | None]("own_choice", None)
"""Widget: its select box."""
OWN_NEXT = Value[str | None]("own_next", None)
"""The corpus to open next: one that was just created."""
OWN_MESSAGE = Value[str]("own_message", "")
"""What was just done, to be shown once."""
OWN_ERROR = Value[str]("own_error", "")
"""What went wrong, to be shown once."""
OWN_RECORDINGS = Value[int]("own_recordings", 0)
"""How many recordings were saved; each brings a fresh recorder."""
OWN_UPLOADS = Value[int]("own_uploads", 0)
"""How many uploads were added or discarded; each brings fresh upload boxes."""
CLIPS_VIEW = Value[str | None]("clips_view", None)
"""Widget: whether Clips shows a list, or one clip after the other."""
REVIEWED = Value[dict[int, str]]("own_reviewed", {})
"""The clip of each change that was made while looking at one clip after the other."""
OWN_DRAFT = Value[str]("own_draft", "")
"""The key of this tab's unfinished batches, see `dashboard.words.drafts`."""
OWN_TYPED = Value[dict[str, str]]("own_typed", {})
"""The keys of the text boxes that are drawn, by their names, see `dashboard.words.drafts`."""
OWN_TAKEN_OUT = Value[bool]("own_taken_out", False)
"""Whether the user has just changed what a box holds."""
OWN_ZIP = Value[tuple[str, int, bytes] | None]("own_zip", None)
"""The last exported zip: corpus, its version, content."""
