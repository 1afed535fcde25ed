"""The networks: in keras for training, in numpy for inspection, as ONNX graphs for everything else."""
