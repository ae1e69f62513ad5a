"""Nonsense of every sort, for the tests that send it to every route.

The examples are derived from the tests themselves, so that the same code always gives the same result. To search
further than that, at random, name a number of examples for each route: GATEPOST_FUZZ=500.
"""

from __future__ import annotations

import os
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

_CHOSEN = os.environ.get("GATEPOST_FUZZ")
FUZZ = settings(
    max_examples=int(_CHOSEN or 8),
    derandomize=_CHOSEN is None,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

printable = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=30)
anything = st.text(max_size=30)
long = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=4), st.integers(100, 900))
header = st.one_of(
    printable.map(lambda text: text.strip().encode()),
    st.binary(max_size=40).map(lambda raw: bytes(byte for byte in raw if byte > 32 and byte != 127)),
    st.sampled_from([b"", b"x" * 4_000, b",", b";", b"=", b'"', b"*/*", b"Basic", b"Bearer x", b"application/xml"]),
)
query = st.one_of(st.just(""), st.text(max_size=20).map(lambda text: "?" + quote(text, safe="=&;%")))
deep = st.integers(2, 400).map(lambda depth: b"<a>" * depth + b"</a>" * depth)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), anything, st.sampled_from([1e300, 10**400, "x10"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(anything, inner, max_size=3)),
    max_leaves=5,
)


def named(routes: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("method", "rule"), routes, ids=[f"{method} {rule}" for method, rule in routes])
