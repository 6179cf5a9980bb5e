"""Floor 0: nouns and arithmetic. Knows nobody above it."""
