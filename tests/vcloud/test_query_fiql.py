"""The filter language by itself: what is read is what was written, and no text at all breaks the reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.vcloud.query import fiql
from gatepost.vcloud.query.fiql import And, Comparison, Expression, InvalidFilter, Operator, Or

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.@:-]{0,10}", fullmatch=True)
comparisons = st.builds(Comparison, names, st.sampled_from(Operator), st.text(max_size=20))
expressions: st.SearchStrategy[Expression] = st.recursive(
    comparisons,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)), st.sampled_from([And, Or]), st.lists(inner, min_size=2, max_size=4)
    ),
    max_leaves=12,
)
# Made of what filters are made of, so that much of it is nearly right.
almost = st.lists(
    st.sampled_from(
        ["name", "status", "==", "!=", "=lt=", "=", ";", ",", "(", ")", "*", "\\", "%41", "%", " ", "é", "x"]
    ),
    max_size=30,
).map("".join)


@given(expressions)
def test_what_is_written_reads_the_same(expression: Expression) -> None:
    assert fiql.parse(fiql.write(expression), encoded=True) == expression


@given(st.one_of(st.text(max_size=80), almost), st.booleans(), st.booleans())
def test_any_text_is_a_filter_or_refused(text: str, encoded: bool, escapes: bool) -> None:
    try:
        expression = fiql.parse(text, encoded=encoded, escapes=escapes)
    except InvalidFilter:
        return
    # What was understood can be said again, in other words perhaps.
    assert fiql.parse(fiql.write(expression), encoded=True) == expression


@given(names, st.sampled_from(Operator), st.text(max_size=20))
def test_escapes_carry_any_value(name: str, operator: Operator, value: str) -> None:
    escaped = "".join("\\" + character if character in "\\;,()" else character for character in value)
    assert fiql.parse(f"{name}{operator}{escaped}", escapes=True) == Comparison(name, operator, value)


A, B, C = (Comparison(name, Operator.EQUAL, "1") for name in "abc")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a==1;b==1,c==1", Or((And((A, B)), C))),
        ("a==1,b==1;c==1", Or((A, And((B, C))))),
        ("(a==1,b==1);c==1", And((Or((A, B)), C))),
        ("a==1;(b==1;c==1)", And((A, And((B, C))))),
        ("((a==1))", A),
        ("a==", Comparison("a", Operator.EQUAL, "")),
        ("a==b!=c=d", Comparison("a", Operator.EQUAL, "b!=c=d")),
        ("a=gt=1", Comparison("a", Operator.GREATER, "1")),
    ],
)
def test_precedence(text: str, expression: Expression) -> None:
    assert fiql.parse(text) == expression


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "character 1"),
        ("a", "character 1"),
        ("a=1", "character 1"),
        ("a==1;", "character 6"),
        ("a==1;;b==1", "character 6"),
        ("a==1)", "character 5"),
        ("(a==1", "character 6"),
        ("()", "character 2"),
        ("a==(b)", "character 4"),
        (" a==1", "character 1"),
        ("a=foo=1", "character 1"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, where: str) -> None:
    with pytest.raises(InvalidFilter, match=where):
        fiql.parse(text)


def test_bounds() -> None:
    deepest = "(" * fiql.DEEPEST + "a==1" + ")" * fiql.DEEPEST
    assert fiql.parse(deepest) == A
    most = ",".join(["a==1"] * fiql.MOST)
    assert fiql.comparisons(fiql.parse(most)) == fiql.MOST
    longest = "a==" + "x" * (fiql.LONGEST - 3)
    assert isinstance(fiql.parse(longest), Comparison)
    for beyond in (f"({deepest})", f"{most},a==1", f"{longest}x", "(" * fiql.LONGEST):
        with pytest.raises(InvalidFilter, match=r"more than|at most"):
            fiql.parse(beyond)
