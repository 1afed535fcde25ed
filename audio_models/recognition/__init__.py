"""A trained network answers clips, and is evaluated on them."""
