"""How the rows of a World's tables are made."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["row_type"]


def row_type(*fields: Any, width: int = 0) -> Any:
    """A record type whose rows read like prose (``order.lots``), aligned to its widest field.

    ``width`` makes rows as wide as cache lines where a loop goes from one to any other.
    """
    packed = np.dtype(list(fields), align=True)
    if width == 0:
        return np.dtype((np.record, packed))
    placed: Any = packed.fields
    layout: Any = {
        "names": [field[0] for field in fields],
        "formats": [field[1] for field in fields],
        "offsets": [placed[field[0]][1] for field in fields],
        "itemsize": width,
    }
    return np.dtype((np.record, np.dtype(layout)))
