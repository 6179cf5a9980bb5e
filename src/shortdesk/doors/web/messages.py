"""What a page may say to the server, and what the server says back. Anything else is refused aloud.

Every message of a page is one JSON object whose ``say`` names it; unknown fields are errors. Messages of the server
carry ``kind``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from shortdesk.ground.errors import UsageError

__all__ = [
    "MOST_BYTES",
    "Answer",
    "Cancel",
    "Close",
    "Control",
    "Message",
    "Open",
    "Order",
    "Ready",
    "Restart",
    "Shock",
    "Watch",
    "read_message",
]

MOST_BYTES = 16_384
"""No message of a page is longer; a longer one ends the connection."""

_Name = Annotated[str, msgspec.Meta(max_length=120)]
_Number = Annotated[str, msgspec.Meta(max_length=40)]


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="say"):
    id: int = 0
    """The page's own number for the message; the answer repeats it."""


class Watch(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="watch"):
    """Show a session, and of it these parts; candles and columns from these seconds on."""

    session: _Name = ""
    parts: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=40)] = ()


class Ready(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ready"):
    """The frame of this number is drawn; the next may come."""

    frame: int


class Control(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="control"):
    """Let the market run or stand, at so many simulated seconds a second (0: as fast as it goes), or step."""

    playing: bool | None = None
    pace: Annotated[float, msgspec.Meta(ge=0, le=1e6)] | None = None
    step_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None


class Open(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="open"):
    """A market of the page's own."""

    scenario: _Name
    seed: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)] | None = None
    settings: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=40)] = ()


class Restart(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="restart"):
    """The session from its first second again, with another seed or another scenario where one is given."""

    scenario: _Name = ""
    seed: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)] | None = None


class Shock(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="shock"):
    """Something that happens to the market now."""

    act: Literal["makers_away", "news", "recall"]
    amount: Annotated[float, msgspec.Meta(ge=-0.9, le=86_400)]


class Order(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="order"):
    """An order of the reader's own; sizes and prices as decimal text on the instrument's grid."""

    side: Literal["buy", "sell"]
    order: Literal["market", "limit"]
    size: _Number
    price: _Number = ""
    leverage: Annotated[float, msgspec.Meta(ge=1, le=1000)] = 1
    isolated: bool = True
    reduces: bool = False


class Close(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="close"):
    """Close the reader's position, or a part of it, at the market."""

    part: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1


class Cancel(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="cancel"):
    """Withdraw one of the reader's orders, or all of them (0)."""

    order: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)] = 0


Message = Watch | Ready | Control | Open | Restart | Shock | Order | Close | Cancel
"""Everything that a page may say."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="answer"):
    """What came of a message."""

    id: int = 0
    ok: bool = True
    text: str = ""
    session: str = ""


_decoder = msgspec.json.Decoder(Message)


def read_message(text: str | bytes) -> Any:
    """A page's message.

    Raises:
        UsageError: it is no JSON, names nothing known, or a field is of the wrong kind; says which.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UsageError(f"this message is not understood: {problem}") from None
