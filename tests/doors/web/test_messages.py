"""What a page may say: the strict form of every message, and words for every refusal."""

from __future__ import annotations

import pytest

from shortdesk.doors.web.messages import Control, Order, read_message
from shortdesk.doors.web.words import refusal_text
from shortdesk.ground.errors import UsageError
from shortdesk.ground.order import Refusal


def test_a_message_is_read() -> None:
    assert read_message('{"say":"control","playing":true,"id":7}') == Control(id=7, playing=True)
    order = read_message('{"say":"order","side":"sell","order":"market","size":"2.5","leverage":20}')
    assert order == Order(side="sell", order="market", size="2.5", leverage=20)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "truncated"),
        ("[]", "object"),
        ("{", "truncated"),
        ('{"say":"dance"}', "dance"),
        ('{"say":"control","playing":"yes"}', "playing"),
        ('{"say":"control","pace":-1}', "pace"),
        ('{"say":"control","pace":1e9}', "pace"),
        ('{"say":"control","step_s":0}', "step_s"),
        ('{"say":"order","side":"sell","order":"market","size":"1","account":3}', "account"),
        ('{"say":"order","side":"sell","order":"market","size":"%s"}' % ("9" * 41), "size"),
        ('{"say":"order","side":"up","order":"market","size":"1"}', "side"),
        ('{"say":"close","part":1.5}', "part"),
        ('{"say":"shock","act":"halt","amount":1}', "act"),
        ('{"say":"open","scenario":"calm","seed":-1}', "seed"),
        (b"\xff\xfe", "not understood"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str | bytes, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_message(text)


def test_every_refusal_has_words() -> None:
    for refusal in Refusal:
        if refusal != Refusal.NONE:
            text = refusal_text(int(refusal))
            assert text
            assert "_" not in text
