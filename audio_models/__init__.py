"""The engine of Hark: from a clip to an answer, and from a corpus to a trained network.

    waveform -> mfcc -> sequences       from a file to a batch (feature_cache keeps what was computed)
    networks, onnx_graph                the network in keras, and the same network as an ONNX graph
    config, runs, jobs, training        what to train, the folder that holds it, its process, the loop
    recognizer, evaluation              a run answers clips, and is judged by them
    cli                                 the same in the shell: python -m audio_models

Only `networks`, `training` and what they are called from in the training process import tensorflow.
"""
