"""What a screen shows, computed from a Play in its own thread: numbers for people, no markup. One file per subject."""
