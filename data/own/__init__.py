"""A corpus of the user's own: its clips, how they come in, and how they go out."""
