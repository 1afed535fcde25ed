"""Networks that were trained elsewhere, read from keras files: weights and configuration only."""
