"""Floor 5: the ways in: command line, truth runner. Nobody imports this room."""
