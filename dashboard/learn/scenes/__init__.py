"""The scenes of the course, one module each: `draw()` draws it as a fragment of its own."""
