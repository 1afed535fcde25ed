"""Terms of the field, each explained once; the pages show these sentences as help."""

from __future__ import annotations

TERMS = {
    "MFCC": "Mel-frequency cepstral coefficients: a few numbers that describe the spectrum of one short frame of sound, on the mel scale of pitch.",
    "mel band": "The level of the sound in one range of pitch during one frame, in decibels. The ranges follow the mel scale, as the ear does.",
    "split": "Clips are divided into three splits: the network learns from the training clips, validation clips decide when to stop, and test clips, which it has not learned from, measure its accuracy.",
    "interval": "The 95 % confidence interval: where the true accuracy plausibly lies, given this number of clips. More clips make it narrower.",
    "unknown": "A class for all other words, learned from the rest of the corpus, so the network can reject words that are not yours.",
    "silence": "A class for background noise without speech, so the network does not hear words in noise.",
    "confidence": "The probability the network gives to its answer, calibrated on validation clips: of the answers with 80 % confidence, about 80 in 100 are right. Below a threshold, fitted on the same clips, a word is rejected.",
    "rejected": "Not one of its words: the network takes the sound for another word, or its best word stays below the threshold. A network that learned no other words can only be “not sure”.",
    "AUROC": "The chance that one of its words is recognised and scores higher than a sound of this kind, one of each drawn at random: the area under the curve. 50 % is guessing, 100 % a threshold that never errs.",
    "speaker-disjoint": "Test accuracy is measured on speakers the network was not trained on.",
}
