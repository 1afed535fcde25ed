"""The user's own recordings: cut into takes, checked, and laid out on a map."""
