"""Field tables with their types. pika's own decoder loses types, truncates floats and trusts every length."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from gatepost.broker.limits import TABLE_DEPTH

Field = tuple[str, Any]
"""Kind (the letter on the wire) and value; a string is text with surrogate escapes, an array a list of fields."""

Table = dict[str, Field]

TYPE_NAMES = {
    "S": "longstr",
    "T": "timestamp",
    "b": "byte",
    "B": "unsignedbyte",
    "s": "short",
    "u": "unsignedshort",
    "I": "signedint",
    "i": "unsignedint",
    "l": "long",
    "d": "double",
    "f": "float",
    "t": "bool",
    "D": "decimal",
    "F": "table",
    "A": "array",
    "x": "binary",
    "V": "void",
}
"""Letters on the wire and what RabbitMQ calls them."""

INTEGERS = frozenset("bBsuIil")

_FIXED: dict[int, struct.Struct] = {
    ord("t"): struct.Struct(">?"),
    ord("b"): struct.Struct(">b"),
    ord("B"): struct.Struct(">B"),
    ord("s"): struct.Struct(">h"),
    ord("u"): struct.Struct(">H"),
    ord("I"): struct.Struct(">i"),
    ord("i"): struct.Struct(">I"),
    ord("l"): struct.Struct(">q"),
    ord("f"): struct.Struct(">f"),
    ord("d"): struct.Struct(">d"),
    ord("T"): struct.Struct(">Q"),
    ord("D"): struct.Struct(">BI"),
}
_SIZES = {kind: packer.size for kind, packer in _FIXED.items()} | {ord("L"): 8, ord("V"): 0}
_LONG = struct.Struct(">I")
_long_at: Callable[[bytes, int], tuple[int]] = _LONG.unpack_from
_S, _X, _A, _F, _V, _L = b"SxAFVL"


class Malformed(Exception):
    """Bytes that are no field table."""


def scan_table(data: bytes, start: int) -> int:
    """Check the table at `start` without building it; where it ends. Raises Malformed."""
    try:
        end = _scan(data, start, keyed=True, depth=0)
    except (IndexError, struct.error):
        raise Malformed from None
    return end


def _scan(data: bytes, start: int, *, keyed: bool, depth: int) -> int:
    if depth > TABLE_DEPTH:
        raise Malformed
    pos = start + 4
    end = pos + _long_at(data, start)[0]
    if end > len(data):
        raise Malformed
    while pos < end:
        if keyed:
            pos += 1 + data[pos]
        kind = data[pos]
        if kind in (_S, _X):
            pos += 5 + _long_at(data, pos + 1)[0]
        elif kind in (_F, _A):
            pos = _scan(data, pos + 1, keyed=kind == _F, depth=depth + 1)
        else:
            size = _SIZES.get(kind)
            if size is None:
                raise Malformed
            pos += 1 + size
    if pos != end:
        raise Malformed
    return end


def decode_table(data: bytes, start: int = 0) -> tuple[Table, int]:
    """The table at `start` and where it ends. The first of two equal names counts. Raises Malformed."""
    end = scan_table(data, start)
    return _build_table(data, start + 4, end), end


def _build_table(data: bytes, pos: int, end: int) -> Table:
    table: Table = {}
    while pos < end:
        length = data[pos]
        name = data[pos + 1 : pos + 1 + length].decode("utf-8", "surrogateescape")
        value, pos = _build(data, pos + 1 + length)
        table.setdefault(name, value)
    return table


def _build(data: bytes, pos: int) -> tuple[Field, int]:
    kind = data[pos]
    pos += 1
    if kind == _V:
        return ("V", None), pos
    if kind == _L:
        kind = ord("l")
    packer = _FIXED.get(kind)
    if packer is not None:
        values = packer.unpack_from(data, pos)
        return (chr(kind), values[0] if len(values) == 1 else values), pos + packer.size
    start = pos + 4
    end = start + _long_at(data, pos)[0]
    if kind == _S:
        return ("S", data[start:end].decode("utf-8", "surrogateescape")), end
    if kind == _F:
        return ("F", _build_table(data, start, end)), end
    if kind == _A:
        items: list[Field] = []
        pos = start
        while pos < end:
            item, pos = _build(data, pos)
            items.append(item)
        return ("A", items), end
    return ("x", data[start:end]), end


def encode_table(table: Table) -> bytes:
    parts: list[bytes] = []
    for name, field in table.items():
        encoded = name.encode("utf-8", "surrogateescape")
        parts += (bytes((len(encoded),)), encoded, encode_field(field))
    body = b"".join(parts)
    return _LONG.pack(len(body)) + body


def encode_field(field: Field) -> bytes:
    kind, value = field
    letter = kind.encode()
    if kind == "V":
        return letter
    if kind == "S":
        text: bytes = value.encode("utf-8", "surrogateescape")
        return letter + _LONG.pack(len(text)) + text
    if kind == "F":
        return letter + encode_table(value)
    if kind == "A":
        body = b"".join(map(encode_field, value))
        return letter + _LONG.pack(len(body)) + body
    if kind == "x":
        return letter + _LONG.pack(len(value)) + bytes(value)
    packer = _FIXED[letter[0]]
    return letter + (packer.pack(*value) if kind == "D" else packer.pack(value))


def text(table: Table, name: str) -> str | None:
    """The value of that name where it is a string."""
    kind, value = table.get(name, ("", None))
    return value if kind == "S" else None


def frozen(table: Table) -> bytes:
    """The same bytes for every order of the same fields, to tell bindings apart."""
    return encode_table(dict(sorted(table.items())))
