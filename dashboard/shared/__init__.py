"""What several pages show: widgets, charts, clip sources, progress."""
