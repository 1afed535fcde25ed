"""Choose a corpus by name, or a folder of clips by path."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard.shared import address, remembered
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS
from dashboard.shared.recent import offer_recent
from dashboard.shared.state import CORPUS, CORPUS_BOX, Value
from data import catalogue, workspace
from data.corpus import Corpus, CorpusReference, Index
from data.own import corpus as own_corpus
from data.own.corpus import OWN_PREFIX


def choose_corpus(
    key: str,
    default: CorpusReference | None = None,
    *,
    memory: Value[CorpusReference | None] = CORPUS,
) -> CorpusReference | None:
    """Draw the widgets that choose a corpus; None until a folder is named.

    Args:
        key: of the page, whose address then has the corpus; or of a dialog.
        default: the corpus chosen at first.
        memory: where the choice is stored; pages that share it follow each other.
    """
    folder = "a folder on this computer"
    own = [OWN_PREFIX + name for name in own_corpus.listing()]
    names = [*own, *catalogue.NAMES, *([folder] if workspace.is_local() else [])]
    titles = {one.name: one.title for one in catalogue.descriptions()}
    titles |= {name: f"{name.removeprefix(OWN_PREFIX)} (your own)" for name in own}
    last = memory.get() or (remembered.load().corpus if memory is CORPUS else None) or default
    if last is not None and last.name.startswith(OWN_PREFIX) and last.name not in own:
        last = default  # it was deleted
    place = len(own)
    if last is not None:
        place = names.index(last.name) if last.name in names else len(names) - 1
    is_folder = last is not None and last.name not in names
    box = CORPUS_BOX.of(key)
    if address.is_at(key):
        _follow_address(box, names)
    columns = st.columns([2, 3]) if (box.get() or names[place]) == folder else [st.container()]
    name = columns[0].selectbox(
        "Corpus",
        names,
        index=place,
        format_func=lambda one: titles.get(one, "A folder on this computer …"),
        key=box.key,
    )
    if address.is_at(key):
        address.say("corpus", name if name != folder else "")  # the path of a folder is nobody's business
    if name != folder:
        reference = CorpusReference(name)
    else:
        path = columns[-1].text_input(
            "Folder",
            value=last.name if is_folder and last else "",
            placeholder="/home/me/clips",
            help="One folder per word with its clips, or the layout of Speech Commands.",
            key=f"{key}_folder",
        )
        with columns[-1]:
            offer_recent("corpora", f"{key}_folder", partial(_open_again, key))
        if not path.strip():
            st.caption("Give a folder with one folder per word: `left/clip1.wav`, `right/clip7.flac` …")
            return None
        if not catalogue.is_folder(path.strip()):
            st.error(f"There is no folder {as_text(path.strip()[:200])}. Check the path.", icon=":material/error:")
            return None
        with st.expander("Speakers and splits"):
            pattern = st.text_input(
                "Speaker pattern",
                value=(last.speaker_pattern or "") if is_folder and last else "",
                placeholder=r"^([a-z]+)_",
                help="A regular expression with one group that matches the speaker in each file name. Names with _nohash_ need none.",
                key=f"{key}_pattern",
            )
            rules = {
                "": "Automatic",
                "lists": "By the folder's lists",
                "speaker": "By speaker",
                "clip": "Clip by clip",
            }
            stored = (last.split_by or "") if is_folder and last else ""
            rule = st.selectbox(
                "Splits",
                list(rules),
                index=list(rules).index(stored),
                format_func=rules.__getitem__,
                help=TERMS["split"],
                key=f"{key}_rule",
            )
        reference = catalogue.refer(path.strip(), speaker_pattern=pattern or None, split_by=rule or None)
    memory.set(reference)
    if reference != last:
        if memory is CORPUS:
            remembered.keep(corpus=reference)
        if name == folder:
            remembered.use("corpora", reference)
    return reference


def _follow_address(box: Value[str | None], names: list[str]) -> None:
    """Let the box with these names, the last of which is a folder's, follow the address."""
    if address.is_left_out("corpus"):
        box.set(names[-1])
    elif wanted := address.take("corpus"):
        if wanted in names[:-1]:
            box.set(wanted)
        else:
            address.explain("corpus", wanted)


def _open_again(key: str, reference: CorpusReference) -> None:
    """Choose a folder that was used before, with its speakers and splits."""
    for field, text in (
        ("folder", reference.name),
        ("pattern", reference.speaker_pattern),
        ("rule", reference.split_by),
    ):
        address.preset(f"{key}_{field}", text or "")


def corpus_title(reference: CorpusReference) -> str:
    """Return the title of a corpus, or the name of its folder."""
    if reference.name in catalogue.NAMES:
        return catalogue.open_corpus(reference.name).description.title
    return (
        reference.name.removeprefix(OWN_PREFIX) if reference.name.startswith(OWN_PREFIX) else Path(reference.name).name
    )


def loaded_index(corpus: Corpus) -> Index:
    """Read the index of a loaded corpus, with progress while its clips are scanned."""
    bar = ProgressBar()
    try:
        return corpus.index(bar.report)
    finally:
        bar.clear()
