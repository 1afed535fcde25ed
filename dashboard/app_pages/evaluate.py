"""Evaluate: the accuracy of a run, its mistakes, and how runs compare."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, EVALUATION_SPLITS, EvaluationSplit
from dashboard.evaluate import compared_runs, confusion, rejection, scores, streaming
from dashboard.evaluate.result import downloads, headline, load_or_evaluate
from dashboard.shared import address, save
from dashboard.shared.about_card import about_corpus, about_model
from dashboard.shared.choose_corpus import choose_corpus, corpus_title
from dashboard.shared.choose_model import choose_model, usable_runs
from dashboard.shared.copy_link import copy_link
from dashboard.shared.export_button import export_button
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS
from dashboard.shared.open_keras import title_with_open_button
from dashboard.shared.parameters import TAB
from dashboard.shared.script_button import script_button
from dashboard.shared.state import CORPUS_BOX, EVALUATION_CORPUS, USE_EVALUATION_CORPUS
from data import catalogue
from data.corpus import CorpusReference
from data.own import corpus as own_corpus
from data.own.corpus import OWN_PREFIX

_TABS = (
    "Confusion matrix", "Per class", "Per speaker", "Confidence", "Rejection", "Listening", "Most confident mistakes", "Runs compared"
)  # fmt: skip


def _page() -> None:
    title_with_open_button("Accuracy and mistakes")
    models = usable_runs()
    with show_errors():
        left, middle, right = st.columns([3, 3, 4], vertical_alignment="bottom")
        with left:
            run = choose_model(models, "evaluate_run")
        with right, st.container(horizontal=True, horizontal_alignment="right"):
            export_button(run)
            script_button(run)
            place = save.begin()
            copy_link()
        _follow_corpus()
        with middle:
            split = _choose_split(run)
        other = USE_EVALUATION_CORPUS.get()
        title = "another corpus" if other else as_text(corpus_title(run.config.corpus))
        corpus: CorpusReference | None = None
        with st.expander(f"Evaluated on: {title}", expanded=other):  # open while it says which
            if st.toggle("Evaluate on another corpus", key=USE_EVALUATION_CORPUS.key):
                corpus = choose_corpus("evaluate", memory=EVALUATION_CORPUS)
                if corpus is None:
                    return
            about_corpus(corpus or run.config.corpus)
        address.say("corpus", corpus.name if corpus is not None and not Path(corpus.name).is_absolute() else "")
        is_possible = _is_possible(run, corpus, split)
        with st.expander("About this model", expanded=bool(run.card) and not is_possible, icon=":material/info:"):
            about_model(run)
        if not is_possible:
            _offer_download(corpus or run.config.corpus)
            streaming.show_stored(run, split)
            return
        with st.container():  # one block, however much is in it: a block more would put the tabs back to the first
            result = load_or_evaluate(run, corpus, split)
            headline(run, corpus, result)
        matrix, classes, speakers, confidence, rejected, listening, mistakes, compared = st.tabs(
            _TABS, key=TAB, bind="query-params"
        )
        with matrix:
            confusion.matrix(result)
        with classes:
            scores.per_class(result)
        with speakers:
            scores.per_speaker(result)
        with confidence:
            scores.confidence(result)
        with rejected:
            rejection.show(run, result)
        with listening, show_errors():
            streaming.show(run, corpus, split)
        with mistakes:
            confusion.mistakes(result)
        with compared:
            compared_runs.show(models, split)
        save.offer(place, downloads(run, corpus, result), run.id)


def _follow_corpus() -> None:
    """Evaluate on the corpus that a link asks for; a folder has no address, as its path is nobody's business."""
    if wanted := address.take("corpus"):
        if wanted in (*catalogue.NAMES, *(OWN_PREFIX + name for name in own_corpus.listing())):
            address.preset(USE_EVALUATION_CORPUS.key, True)
            address.preset(CORPUS_BOX.of("evaluate").key, wanted)
        else:
            address.explain("corpus", wanted)


def _choose_split(run: Run) -> EvaluationSplit:
    own = evaluation.splits_of(run)
    splits = EVALUATION_SPLITS if USE_EVALUATION_CORPUS.get() or CROSS_VALIDATED not in own else own
    first: EvaluationSplit = "test" if "test" in splits else splits[0]
    address.follow("split", f"split-{len(splits)}", splits)
    chosen: EvaluationSplit | None = st.segmented_control(
        "Split", splits, default=first, required=True, key=f"split-{len(splits)}", help=TERMS["split"], wrap=True
    )
    return chosen or first


def _is_possible(run: Run, corpus: CorpusReference | None, split: EvaluationSplit) -> bool:
    """Whether there is an evaluation, also of a corpus that was deleted since, or the clips for one."""
    if evaluation.load_cached(run, corpus, split) is not None:
        return True
    opened = catalogue.open_corpus(corpus or run.config.corpus)
    # synthetic voices are made in seconds; a download waits for a click on the Data page
    return opened.is_loaded() or opened.description.synthetic


def _offer_download(corpus: CorpusReference) -> None:
    st.info(
        f"{as_text(corpus_title(corpus))} is not on this computer. Load it on the Data page, or evaluate on another corpus "
        "above, such as a folder of clips.",
        icon=":material/download:",
    )
    st.page_link("app_pages/corpora.py", label="To the Data page", icon=":material/library_music:")


_page()
