"""Background jobs: their folder and state, how they start, report progress, stop and resume."""
