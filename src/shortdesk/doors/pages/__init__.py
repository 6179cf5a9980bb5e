"""Pages that are written to a file: the desk's own panels with their data inside, which open offline."""
