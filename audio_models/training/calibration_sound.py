"""The other sound that a network's threshold is fitted on: other speech of the validation split, else synthetic words."""

from __future__ import annotations

import numpy as np

from audio_models.config import RunConfig
from audio_models.features.feature_cache import clip_features
from audio_models.features.mfcc import Frames, mfcc_batch
from audio_models.recognition import other_sound
from audio_models.training.other_speech import place
from audio_models.training.preparation import Chosen, Prepared
from audio_models.training.synthetic_words import SyntheticWords
from data.corpus import UNKNOWN, Report, no_progress

_WORDS = 200
_SEED = 1_000_003  # added to that of the training, which says other words


def other_sequences(
    config: RunConfig, chosen: Chosen, prepared: Prepared, report: Report = no_progress
) -> list[Frames]:
    """The normalised frames of sound that holds none of the words, each (frames, width), none of it trained on.

    Of the run's other recordings, the speech of the validation split, cut as `other_sound` says. Without such, synthetic
    words, if the run learned from synthetic words, said by a seed of their own. Nothing for a task without `_unknown_`.

    Raises:
        CorpusError: the synthesiser has ended.
    """
    if UNKNOWN not in prepared.labels:
        return []
    rate, seconds = config.features.sample_rate, prepared.clip_seconds
    speech = [one for one in chosen.other if (one.kind, one.split) == ("speech", "validation")]
    clips = other_sound.cut(speech, seconds, rate)
    found = [frames for frames in clip_features(clips, config.features, report)[0] if frames is not None]
    if not found and config.negatives.synthetic_words:
        random = np.random.default_rng([config.training.seed, _SEED])
        says = SyntheticWords(config.task.labels, _WORDS, rate, config.training.seed + _SEED, report)
        found = mfcc_batch(
            [place(says.draw(random), seconds, rate, random).samples for _ in range(_WORDS)], config.features
        )
    return [prepared.normalisation.apply(frames) for frames in found]
