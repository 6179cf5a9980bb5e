"""Strict TOML: where keys stand, and what is said when a file is not what was expected."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shortdesk.ground.errors import InputError
from shortdesk.ground.toml import Lines, convert, read_toml

TEXT = '''\
title = "a # not a comment"   # a comment

[shop]
open = true
"odd key" = 1

[[shop.shelf]]
goods = [
    "x = 1",
    "y",
]
price = 1.10

[[shop.shelf]]
text = """
price = 3
"""
price = 2
deep.name = "z"
'''


class Shelf(msgspec.Struct, forbid_unknown_fields=True):
    price: Decimal
    goods: tuple[str, ...] = ()


class Shop(msgspec.Struct, forbid_unknown_fields=True):
    shelf: tuple[Shelf, ...]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("title", 1),
        ("shop", 3),
        ("shop.open", 4),
        ("shop.odd key", 5),
        ("shop.shelf[0]", 7),
        ("shop.shelf[0].goods", 8),
        ("shop.shelf[0].price", 12),
        ("shop.shelf[1]", 14),
        ("shop.shelf[1].text", 15),
        ("shop.shelf[1].price", 18),
        ("shop.shelf[1].deep.name", 19),
        ("shop.shelf[1].missing", 14),
        ("shop.shelf", 7),
        ("nowhere", 1),
    ],
)
def test_lines_know_where_each_key_stands(path: str, line: int) -> None:
    assert Lines(TEXT).of(path) == line


def test_numbers_with_a_point_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(TEXT)
    content, _ = read_toml(path)
    assert content["shop"]["shelf"][0]["price"] == Decimal("1.10")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price = ", "a.toml:1: is not TOML: Invalid value"),
        ("a = 1\nb = = 2\n", "a.toml:2: is not TOML: Invalid value"),
        ("a = 1\na = 2\n", "a.toml:2: is not TOML: Cannot overwrite a value"),
        ('a = "open\n', "a.toml:1: is not TOML"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_toml(path, shown_as="a.toml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"a = 1\n\xff")
    with pytest.raises(InputError, match=r"a.toml: is not UTF-8 text \(byte 6\)"):
        read_toml(path, shown_as="a.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"shelf": [{"prize": "1"}]}, r"shop.toml:1: unknown key 'prize'; did you mean 'price'\?, field shelf\[0\]"),
        ({"shelves": []}, r"shop.toml:1: unknown key 'shelves'; did you mean 'shelf'\?, field shelves"),
        ({"shelf": [{}]}, r"shop.toml:1: missing key 'price', field shelf\[0\]"),
        ({}, "shop.toml:1: missing key 'shelf'"),
        ({"shelf": [{"price": "1", "goods": "x"}]}, r"Expected 'array', got 'str', field shelf\[0\].goods"),
    ],
)
def test_content_of_another_shape_is_refused_with_its_field(content: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        convert(content, Shop, Lines(""), "shop.toml")
