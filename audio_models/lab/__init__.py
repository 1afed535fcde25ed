"""Experiments: look inside a network, measure its memory, compare cells."""
