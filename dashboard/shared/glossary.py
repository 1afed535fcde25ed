"""Terms of the field, each explained once; the pages show these sentences as help."""

from __future__ import annotations

from collections.abc import Mapping

TERMS: Mapping[str, str] = {
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
    "frame": "A short stretch of sound, 20 to 40 ms, as a few numbers. A network reads a clip frame by frame.",
    "feed-forward network": "A network without a loop: each output depends on the present input alone, f(x_i) → y_i.",
    "recurrent network": "A network with a loop: each step takes the input and the state that the step before handed on, f(x_t, h_t) → (y_t, h_t+1).",
    "cell": "The part of a recurrent network that is repeated at every step: SimpleRNN, LSTM or GRU.",
    "hidden state": "The numbers h that a cell hands on to the next step, and its output.",
    "cell state": "The second state c of an LSTM, its memory: handed on by a sum, not through a matrix (Hochreiter and Schmidhuber 1997).",
    "sequential memory": "What a network knows at a step of the inputs before it. A recurrent network holds it in its state; a mean of all frames has none of their order.",
    "gate": "Numbers between 0 (shut) and 1 (open), computed at each step from the input and the state; another vector is multiplied by them, element by element.",
    "input gate": "Of an LSTM: how much of the new content is written into the cell state.",
    "forget gate": "Of an LSTM: how much of the cell state is kept; shut, it deletes (Gers, Schmidhuber and Cummins 2000).",
    "output gate": "Of an LSTM: how much of the cell state is read into the hidden state.",
    "update gate": "Of a GRU: how much of the state is kept, and how much replaced by the candidate (Cho et al. 2014). In keras, open means keep.",
    "reset gate": "Of a GRU: how much of the state the candidate sees.",
    "candidate": "The new content that a cell computes from the input and the state, between -1 and 1, before gates decide how much of it enters.",
    "unrolling": "Writing a loop out over time as a deep feed-forward network: one copy of the cell for each step, all with the same weights.",
    "backpropagation through time": "Backpropagation through the unrolled network. The gradient of a shared weight is the sum over all steps (Werbos 1990).",
    "vanishing gradient": "The gradient shrinks with each step that it travels back, so what happened long ago is not learned (Hochreiter 1991; Bengio et al. 1994).",
    "exploding gradient": "The gradient grows with each step that it travels back, and training falls apart; clipping its norm helps (Pascanu et al. 2013).",
    "SimpleRNN": "The plain recurrent cell: h_t+1 = tanh(x_t W + h_t U + b) (Elman 1990).",
    "LSTM": "Long short-term memory: a cell with a cell state and three gates (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).",
    "GRU": "Gated recurrent unit: a cell with two gates and one state, three quarters of an LSTM's parameters at the same size (Cho et al. 2014).",
    "readout": "What the answer is computed from: the last state, the mean of all states, or attention over them.",
    "Turing completeness": "Being able to compute whatever any computer can. Recurrent networks with exact numbers and unlimited time are (Siegelmann and Sontag 1995); that says nothing about what training finds.",
}


def term(name: str, text: str = "") -> str:
    """A term of the glossary as a Markdown link to it; `text` where it reads otherwise, such as in the plural."""
    return f"[{text or name}](learn?term={slug(name)})"


def slug(name: str) -> str:
    """The name of a term in an address.

    Raises:
        KeyError: there is no such term.
    """
    if name not in TERMS:
        raise KeyError(f"The glossary has no term '{name}'.")
    return name.lower().replace(" ", "-")
