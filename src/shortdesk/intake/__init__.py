"""Floor 3: the past comes in: bars and funding histories from public formats."""
