"""Speed and memory as ratios against the plain way, measured in one run: `make bench`."""
