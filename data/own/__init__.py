"""A corpus of the user's own: its clips, how they are imported, and how they are exported."""
