"""The engine of Echoic: from a clip to an answer, and from a corpus to a trained network. In the order in which a sound passes:

    config, recipes     the settings of a run, and their defaults
    features            waveform -> MFCC sequences, cached; augmentation of training clips
    networks            the network in keras, in numpy, and as an ONNX graph; the metadata of a model file
    jobs                the folder of a run, its process and its progress
    recognition         classify clips with a model file; evaluation, cross-validation, calibration
    own_words           check and embed the clips of a user's own corpus
    listening           detect words in streams and recordings
    training            from a configuration to a trained and evaluated run
    export              a model as a folder, with a program that runs it; a run as a program in plain keras
    keras_files         networks that were trained elsewhere
    lab, pretrained     the memory lab and comparisons; the models that come with Echoic, and how they were made
    library             the same in a Python program: from audio_models import load, train
    cli                 the same in the shell: echoic, or python -m audio_models
    serving, options    where the dashboard is served; an option of the shell for each setting

tensorflow is imported only in processes of its own: `training.process`, `lab.memory_process`, `lab.comparison_process`,
`export.litert_process`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audio_models.library import Model, Stream, load, train

__all__ = ["Model", "Stream", "load", "train"]


def __getattr__(name: str) -> Any:
    """Import the library only when something of it is wanted: every module of the engine passes through here."""
    if name in __all__:
        from audio_models import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
