"""The commands `corpora` and `fetch`: list the corpora, and load one."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from audio_models.cli.terminal import TerminalProgress, complain_left_out, print_json
from data import catalogue
from data.corpus import SPLITS, CorpusReference
from data.corpus import count as count_split
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from data.phrases import isolated, plural


def corpora(options: argparse.Namespace) -> int:
    """List the corpora that Echoic knows and the user's own."""
    rows = []
    for one in [*map(catalogue.open_corpus, catalogue.NAMES), *map(OwnCorpus, own_corpus.listing())]:
        rows.append({**asdict(one.description), "loaded": one.is_loaded()})
    if options.json:
        print_json(rows)
    for row in [] if options.json else rows:
        print(f"{row['name']}: {row['title']} ({'loaded' if row['loaded'] else row['size']})")
        for key in ("holds", "speakers", "splits", "licence", "homepage"):
            if row[key]:
                print(f"    {key:9} {row[key]}")
    return 0


def fetch(options: argparse.Namespace) -> int:
    """Load a corpus and print what it holds."""
    corpus = catalogue.open_corpus(reference(options, options.name))
    with TerminalProgress() as progress:
        corpus.load(progress.report)
        index = corpus.index(progress.report)
    found: dict[str, Any] = {
        "corpus": corpus.name,
        "clips": len(index.clips),
        "labels": {label: sum(clip.label == label for clip in index.clips) for label in index.labels},
        "splits": {split: count_split(index.clips, split) for split in SPLITS},
        "split_rule": index.split_rule,
        "copies": asdict(index.copies),
        "speaker_disjoint": index.speaker_disjoint,
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in index.skipped],
    }
    if options.json:
        print_json(found)
    else:
        print(
            f"{isolated(corpus.name)}: {plural(len(index.clips), 'clip')}, {plural(len(index.labels), 'label')}: {', '.join(map(isolated, index.labels))}"
        )
        print(", ".join(f"{count} {split}" for split, count in found["splits"].items()) + f". {index.split_rule}")
        if index.copies.clips:
            print(index.copies)
        complain_left_out(index.skipped)
    return 0


def reference(options: argparse.Namespace, name: str) -> CorpusReference:
    """The corpus with this name or folder, split as the options say."""
    return catalogue.refer(name, speaker_pattern=options.speaker_pattern, split_by=options.split_by)
