"""Floor 4: one file for each question of the desk."""
