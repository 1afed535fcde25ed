"""The user's own recordings: cut into takes, checked, and placed on a map."""
