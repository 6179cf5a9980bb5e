"""shortdesk: price, stage, explain and settle short positions in crypto markets."""

__all__ = ["__version__"]

__version__ = "0.1.0"
