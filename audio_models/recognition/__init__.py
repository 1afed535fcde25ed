"""Classify clips with a trained network, and evaluate it."""
