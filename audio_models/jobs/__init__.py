"""Work in a process of its own: its folder, its state, how it starts, reports and stops."""
