"""The engine of Echoic: from a clip to an answer, and from a corpus to a trained network.

    waveform -> mfcc -> sequences       from a file to a batch (clip_features keeps what was computed)
    augment, batches                    training clips changed each time; what an epoch is made of
    networks, onnx_graph                the network in keras, and the same network as an ONNX graph
    config, runs, jobs, training        what to train, the folder that holds it, its process, the loop
    estimate, calibration               how long it will take; confidence that means something
    recognizer, evaluation              a run answers clips, and is judged by them
    bundle, bundled/                    the models that come with Echoic, and how they were made
    cli                                 the same in the shell: python -m audio_models

tensorflow is imported in processes of their own alone: `training_process`, `memory_process`, `comparison_process`,
`litert_process`.
"""
