"""The command `corpus`: make and fill a corpus of your own."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audio_models.cli.terminal import TerminalProgress, complain, complain_left_out, print_json
from audio_models.errors import ConfigError
from data import audio_formats, command
from data.card import Card
from data.corpus import Skipped
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from data.own.new_clips import NewClip, notes_of
from data.own.records import Change, Source
from data.phrases import isolated, plural


def corpus(options: argparse.Namespace) -> int:
    """Run one action on a corpus of the user's own."""
    needs = {"add": "the clips", "record-split": "the recordings", "import": "a zip, folder or list", "export": "the zip to write"}  # fmt: skip
    if options.action in needs and not options.files:
        raise ConfigError(
            f"corpus {options.action} needs {needs[options.action]}: {command.shell(f'corpus {options.action} NAME FILE')}"
        )
    if "" in options.files:
        raise ConfigError(f"corpus {options.action} got an empty file name. Give the path of a file or folder.")
    if options.action not in needs and options.files:
        raise ConfigError(f"corpus {options.action} takes no file; got {options.files[0]}.")
    return _ACTIONS[options.action](options)


def _create(options: argparse.Namespace) -> int:
    made = own_corpus.create(options.name)
    return _print_counts(
        options,
        made,
        # the command is to be copied: no marks of direction in it
        f"{isolated(made.title)} created. Add clips with:\n{command.shell('corpus add')} '{made.title}' CLIP",
    )


def _delete(options: argparse.Namespace) -> int:
    own_corpus.delete(options.name)
    if options.json:
        print_json({"corpus": options.name, "deleted": True})
    else:
        print(f"{options.name} deleted.")
    return 0


def _add(options: argparse.Namespace) -> int:
    """Add clips; `import` takes archives, folders and lists too."""
    from audio_models.own_words import intake
    from data.own import incoming, layouts

    made = _opened(options)
    with incoming.staging() as staged, TerminalProgress() as progress:
        parts = [
            incoming.collect(
                Path(file), staged, label=options.label, speaker=options.speaker,
                speaker_pattern=options.speaker_pattern, report=progress.report,
            )
            for file in options.files
        ]  # fmt: skip
        batch = layouts.ImportBatch(
            tuple(clip for part in parts for clip in part.clips),
            tuple(one for part in parts for one in part.refused),
            next((part.card for part in parts if part.card), Card()),
        )
        source: Source = "import" if options.action == "import" else "upload"
        found = intake.examine(batch, options.label, source, progress.report)
        change = made.add(found.clips, progress.report)
        made.adopt_card(found.card)
    refused = [
        *found.refused,
        *(Skipped(Path(one.original), "It is long. Cut it into takes with record-split.") for one in found.long),
    ]
    return _added(options, made, change, refused, found.clips)


def _record_split(options: argparse.Namespace) -> int:
    from audio_models.own_words import intake

    made = _opened(options)
    if not options.label:
        raise ConfigError("corpus record-split needs a label: --label WORD")
    clips, refused = [], []
    for path in map(Path, options.files):
        taken, bad = intake.takes_of(path, options.label, options.speaker, path.name)
        clips += taken
        refused += bad
    return _added(options, made, made.add(clips), refused, clips)


def _check(options: argparse.Namespace) -> int:
    from audio_models.own_words.clip_checks import Finding, findings

    made = _opened(options)
    clips = made.clips()
    found: list[Finding] = list(findings(clips))
    if options.unlike:
        from audio_models.jobs import runs
        from audio_models.own_words.label_errors import find_label_errors
        from audio_models.recognition import embedding

        there = made.index().clips
        with TerminalProgress() as progress:
            embeddings, _ = embedding.embed_clips(runs.bundled_run("commands"), there, progress.report)
        by_path = {clip.path: clip for clip in clips}
        found += find_label_errors([by_path[clip.path] for clip in there], embeddings)
    by_id = {clip.id: clip for clip in clips}
    found = [one for one in found if not by_id[one.id].kept]
    if options.json:
        print_json(
            {
                "corpus": made.title,
                "clips": len(clips),
                "findings": [
                    {
                        "clip": one.id,
                        "label": by_id[one.id].label,
                        "speaker": by_id[one.id].speaker,
                        "original": by_id[one.id].original,
                        "kind": one.kind,
                        "text": one.text,
                        "other": list(one.other),
                    }
                    for one in found
                ],
            }
        )
        return 0
    for one in found:
        clip = by_id[one.id]
        print(f"{isolated(clip.label)}  {isolated(clip.original or clip.id)}: {one.text}")
    print(
        f"{isolated(made.title)}: {len({one.id for one in found})} of {plural(len(clips), 'clip')} may have a problem."
    )
    return 0


def _export(options: argparse.Namespace) -> int:
    from data.own.export import export

    made = _opened(options)
    if len(options.files) != 1:
        raise ConfigError(f"corpus export writes one zip; got {plural(len(options.files), 'name')}.")
    path = Path(options.files[0])
    with TerminalProgress() as progress:
        missing = export(made, path, progress.report)
    complain_left_out(missing)
    return _print_counts(options, made, f"{made.title} is in {path}.", path=str(path))


def _undo(options: argparse.Namespace) -> int:
    made = _opened(options)
    return _print_counts(options, made, made.undo().text)


def _opened(options: argparse.Namespace) -> OwnCorpus:
    made = OwnCorpus(options.name)
    made.load()
    return made


def _added(
    options: argparse.Namespace, made: OwnCorpus, change: Change, refused: Sequence[Skipped], clips: Sequence[NewClip]
) -> int:
    """Print what was added, how it was read, and what was left out; the exit status is 1 if anything was."""
    notes = notes_of(clips)
    _print_counts(
        options, made, f"{plural(change.clips, 'clip')} added to {isolated(made.title)}.", added=change.clips,
        refused=[{"path": str(one.path), "reason": one.reason} for one in refused],
        notes=[{"note": note, "files": files} for note, files in notes],
    )  # fmt: skip
    for note, files in notes if not options.json else ():
        print(f"{isolated(files[0]) if len(files) == 1 else plural(len(files), 'clip')}: {note}")
    complain_left_out(refused, "file")
    if not change.clips and not refused:
        complain(
            f"{', '.join(options.files)} holds no clip. Echoic reads {audio_formats.NAMES}; links in an archive are not followed."
        )
    return 1 if refused or not change.clips else 0


def _print_counts(options: argparse.Namespace, made: OwnCorpus, text: str, **more: Any) -> int:
    counts = Counter(clip.label for clip in made.clips())
    if options.json:
        print_json(
            {"corpus": made.title, "clips": sum(counts.values()), "labels": dict(sorted(counts.items())), **more}
        )
    else:
        print(isolated(text))
        if counts:
            print(", ".join(f"{isolated(label)} {count}" for label, count in counts.most_common()))
    return 0


_ACTIONS = {
    "create": _create,
    "add": _add,
    "record-split": _record_split,
    "import": _add,
    "check": _check,
    "export": _export,
    "undo": _undo,
    "delete": _delete,
}
