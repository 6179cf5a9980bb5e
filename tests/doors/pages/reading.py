"""A written page taken apart: what is read without scripts, the data, the modules."""

from __future__ import annotations

import json
import re
from typing import Any

SCRIPT = re.compile(r"<script[^>]*>.*?</script>", re.DOTALL)


def without_scripts(text: str) -> str:
    """What a browser shows that runs no script; the empty icon is no address either."""
    return SCRIPT.sub("", text).replace('href="data:,"', "")


def given(text: str) -> Any:
    """The data that the page carries."""
    found = re.search(r'<script type="application/json" id="given">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def modules(text: str) -> dict[str, str]:
    """Every module that the page carries, by name."""
    found = re.search(r'<script type="importmap" nonce="[^"]*">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    imports: dict[str, str] = json.loads(found[1])["imports"]
    return imports
