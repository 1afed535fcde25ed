"""The report of an evaluation: one HTML page with figures, intervals, settings and cards, which needs nothing else.

Every text in it is escaped, whatever a clip, a word or a run is called; the charts are SVG inside the page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audio_models.config import CELL_TITLES, RunConfig
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.listening import detection, streaming_evaluation
from audio_models.listening.streaming_evaluation import StreamingEvaluation
from audio_models.recognition import metrics
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, Evaluation
from audio_models.recognition.open_set import OpenSet, open_set
from audio_models.recognition.recognizer import Recognizer
from audio_models.report import figures, pictures, templates
from audio_models.report.charts import alarms_text
from audio_models.report.figures import Figure
from audio_models.settings import settings_of
from data import catalogue
from data.corpus import CorpusReference, plain_label, reasons
from data.errors import EchoicError
from data.names import file_name
from data.own.corpus import OWN_PREFIX, OwnCorpus
from data.phrases import plural


@dataclass(frozen=True)
class _Part:
    """A section of the page: a heading, a sentence, a picture and a table, each of which may be missing."""

    title: str
    text: str = ""
    picture: Markup | None = None
    rows: Sequence[Mapping[str, str]] = field(default_factory=list)


def page(run: Run, result: Evaluation, corpus: CorpusReference | None = None) -> str:
    """Render the report of an evaluation as HTML.

    Args:
        corpus: that it was evaluated on; the run's own by default.

    Raises:
        EchoicError: the run, or a card, is damaged.
    """
    reference = corpus or run.config.corpus
    is_own = reference == run.config.corpus
    found = open_set(result)
    listening = streaming_evaluation.load_cached(run, "test" if result.split == "test" else "validation")
    return str(
        templates.render(
            "evaluation.html",
            title=f"{run.name} on {title_of(reference)}",
            accuracy=_percent(result.accuracy),
            lead=_lead(result),
            remarks=_remarks(result, is_own=is_own),
            parts=[*_parts(result, found), *(_listening(run, listening) if listening and is_own else ())],
            corpus=_corpus(reference, result),
            network=_network(run),
            settings=_settings(run.config),
            origin=f"Written by Echoic on {time.strftime('%d %B %Y')}. Run {run.id}; network {result.model or 'of an earlier version'}.",
        )
    )


def title_of(reference: CorpusReference) -> str:
    """What a corpus is called; a folder by its name alone, without its path."""
    if reference.name in catalogue.NAMES:
        return catalogue.open_corpus(reference.name).description.title
    own = reference.name.startswith(OWN_PREFIX)
    return reference.name.removeprefix(OWN_PREFIX) if own else Path(reference.name).name


def _lead(result: Evaluation) -> str:
    speakers = f", {plural(len(result.per_speaker), 'speaker')}" if result.per_speaker else ""
    what = "cross-validated accuracy" if result.split == CROSS_VALIDATED else f"accuracy on {result.split} clips"
    low, high = result.interval.low, result.interval.high
    return (
        f"{what[0].upper()}{what[1:]}: {plural(result.clips, 'clip')}{speakers}; 95 % interval {_percent(low)} to "
        f"{_percent(high)}, over {result.interval.over}."
    )


def _remarks(result: Evaluation, *, is_own: bool) -> Iterator[str]:
    """What limits the accuracy."""
    if is_own and result.split in ("training", "all"):
        yield "The network learned from some or all of these clips. On new clips it does worse."
    if is_own and result.split == "validation":
        yield "Validation clips chose the epoch, so this accuracy is slightly too high."
    if result.speaker_disjoint is False:
        yield "Speakers appear in several splits. Accuracy on new speakers can be lower."
    if result.unchecked:
        yield result.unchecked
    for reason, count in reasons(result.skipped):
        yield f"{plural(count, 'clip')} left out: {reason}"


def _parts(result: Evaluation, found: OpenSet | None) -> Iterator[_Part]:
    yield _drawn(figures.confusion(result), text="Row: spoken word. Column: answer.")
    scores = [
        {
            "class": plain_label(row.label), "precision": _percent(row.precision), "recall": _percent(row.recall),
            "F1": _percent(row.f1), "clips": f"{row.support:,}",
        }
        for row in result.per_class
    ]  # fmt: skip
    yield _drawn(figures.class_scores(result), scores)
    if speakers := figures.speakers(result):
        yield _drawn(speakers)
    error = metrics.calibration_error(figures.reliability_bins(result))
    text = (
        f"On the line, confidence equals accuracy; larger dots have more answers. Calibration error: {_percent(error)}."
    )
    yield _drawn(figures.confidence(result), text=text)
    if found:
        rates = [("Own words accepted and right", found.own, ""), *((f"Rejected: {one.name}", one.rejected, _percent(one.auroc)) for one in found.groups)]  # fmt: skip
        rows = [
            {
                "at the threshold": name, "clips": f"{rate.hits:,} of {rate.clips:,}", "share": _percent(rate.share),
                "95 % interval": f"{_percent(rate.interval.low)} to {_percent(rate.interval.high)}", "AUROC": auroc,
            }
            for name, rate, auroc in rates
        ]  # fmt: skip
        text = f"A word needs a confidence of {_percent(found.threshold)}."
        figure = figures.acceptance(found)
        yield _drawn(figure, rows, text) if figure else _Part("Own words accepted", text, rows=rows)


def _listening(run: Run, found: StreamingEvaluation) -> Iterator[_Part]:
    """What it misses and takes for a word in a stream, at the threshold in use."""
    if not found.alarms:
        return
    point = found.at(detection.load_settings(run).threshold)
    heard = ""
    if point.words:
        recall = point.recall_interval
        heard = (
            f" Words heard: {_percent(point.heard / point.words)} ({_percent(recall.low)} to {_percent(recall.high)}) "
            f"of {plural(point.words, 'word')}."
        )
    alarms = [curve.at(point.threshold) for curve in found.alarms]
    rows = [
        {
            "false alarms in": rate.name, "an hour": alarms_text(rate.per_hour),
            "95 % interval": f"{alarms_text(rate.interval.low)} to {alarms_text(rate.interval.high)}",
            "hours": f"{rate.hours:.2f}",
        }
        for rate in alarms
    ]  # fmt: skip
    text = f"In {found.config.split} recordings, at the threshold of {point.threshold:g}.{heard}"
    yield _drawn(figures.false_alarms(found, point), rows, text)


def _drawn(figure: Figure, rows: Sequence[Mapping[str, str]] = (), text: str = "") -> _Part:
    """A figure as a section; its words for those who cannot see it go into the picture."""
    picture = Markup('<div role="img" aria-label="{}">{}</div>').format(
        figure.text, Markup(pictures.inline(figure.chart, file_name(figure.title.replace(" ", "-"))))
    )
    return _Part(figure.title, text, picture, rows)


def _corpus(reference: CorpusReference, result: Evaluation) -> dict[str, str]:
    found = {"Corpus": title_of(reference)}
    try:
        about = catalogue.open_corpus(reference).description
    except EchoicError:  # the folder is gone, or the corpus was deleted
        return found | {"Splits": result.split_rule}
    own = OwnCorpus(reference.name.removeprefix(OWN_PREFIX)).card if reference.name.startswith(OWN_PREFIX) else None
    found |= {
        "Holds": about.holds, "Speakers": about.speakers, "Splits": result.split_rule or about.splits,
        "Licence": about.licence, "Citation": about.citation, "Homepage": about.homepage,
    }  # fmt: skip
    return {name: text for name, text in (found | (own.entries if own else {})).items() if text}


def _network(run: Run) -> dict[str, str]:
    config = run.config
    found = {
        "Name": run.name,
        "Cell": CELL_TITLES[config.network.cell],
        "Layers": config.network.summary,
        "Parameters": f"{Recognizer.of_run(run).parameters:,}",
        "Classes": ", ".join(config.task.classes),
        "Trained on": title_of(config.corpus),
    }
    if config.opened_from:
        found |= {"Opened from": Path(config.opened_from).name}
    else:
        best = run.best_epoch
        epochs = f", best at epoch {best.epoch}" if best else ""
        found |= {
            "Started from": run.start_name,
            "Training": f"{plural(len(run.history), 'epoch')}{epochs}; {format_duration(run.state.seconds)}",
        }
    return found | run.about.entries


def _settings(config: RunConfig) -> dict[str, dict[str, str]]:
    """Every setting by its title, a table for each kind; those of the training only if Echoic trained it."""
    kinds: dict[str, Any] = {"Features": config.features, "Network": config.network}
    if not config.opened_from:
        kinds |= {"Training": config.training, "Augmentation": config.augmentation}
        if config.task.unknown:
            kinds["Rejection"] = config.negatives
    return {
        title: {
            row.title + (f" [{row.unit}]" if row.unit else ""): _value(row, getattr(part, row.name))
            for row in settings_of(type(part))
        }
        for title, part in kinds.items()
    }


def _value(row: Any, value: Any) -> str:
    if row.is_folders:  # without their paths, which are nobody's business
        return ", ".join(Path(one).name for one in value) or "none"
    text: str = row.text_of(value)
    return text.replace("_", " ") or "none"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
