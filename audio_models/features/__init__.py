"""From an audio file to the frames a network reads: waveform, segments, MFCC, cache, normalised sequences."""
