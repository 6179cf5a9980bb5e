"""``python -m shortdesk``: the command line."""

from __future__ import annotations

from shortdesk.doors.cli import main

if __name__ == "__main__":
    main()
