"""Measure speed, memory and accuracy against the plain way, in the same run: `make bench`."""
