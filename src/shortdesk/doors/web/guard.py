"""Who may talk to the server: a page that this server served, opened with the token of this start.

Three questions, each of which would do alone against most of what can happen on one machine:

- Host: the request was meant for this server (a name that was made to point here is not enough).
- Origin: a socket was opened by our own page and not by one from elsewhere.
- Token: the reader came by the address that the command printed; it then travels in a cookie that scripts cannot read.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from starlette.requests import HTTPConnection

__all__ = ["Guard", "new_token"]

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page may load: its own files, and the socket of the server that served it."""


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(24)


class Guard:
    """The questions, for a server on one port."""

    def __init__(self, token: str, port: int) -> None:
        self.token = token
        self.port = port
        self.cookie = f"shortdesk-{port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names by which this server may be called."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}", f"[::1]:{self.port}")

    def is_for_us(self, connection: HTTPConnection) -> bool:
        """Whether the request names this server."""
        return connection.headers.get("host", "") in self.hosts

    def is_from_us(self, connection: HTTPConnection) -> bool:
        """Whether the page that asks is one of ours, on the same name."""
        origin = connection.headers.get("origin", "")
        return self.is_for_us(connection) and origin == f"http://{connection.headers['host']}"

    def is_right(self, token: str) -> bool:
        """Whether this is the token, compared in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def knows(self, connection: HTTPConnection) -> bool:
        """Whether the reader came by the printed address before."""
        return self.is_right(connection.cookies.get(self.cookie, ""))

    def headers(self, connection: HTTPConnection, nonce: str) -> Mapping[str, str]:
        """What every answer carries."""
        host = connection.headers.get("host", "")
        return {
            "Content-Security-Policy": POLICY.format(nonce=nonce, host=host if host in self.hosts else "127.0.0.1"),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
