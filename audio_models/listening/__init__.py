"""Continuous audio: a network reads a stream, and events come out."""
