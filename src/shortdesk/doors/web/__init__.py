"""The desk in a browser: a server on this machine, markets that run beside it, pages that show them.

How it fits together, and how a screen is added, stands in ``docs/why/web.md``.
"""
