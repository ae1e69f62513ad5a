"""URL patterns: what of java.util.regex they are, that they match what it matches, and that none takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.vcloud.services.patterns import InvalidPattern, compile

ALPHABET = "ab/-.1 \n"

literals = st.sampled_from([*"ab/1", "\\.", "\\-", "\\/", "\\d", "\\W", "\\s", ".", "[a-b]", "[^a/]", "[-.1]", "\\x61"])
quantifiers = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{1,2}?"])


def groups(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("".join, st.lists(inner, max_size=3)),
        st.builds("({})".format, inner),
        st.builds("(?:{})".format, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, quantifiers),
    )


patterns = st.recursive(literals, groups, max_leaves=8)


@settings(max_examples=600, derandomize=True, database=None, deadline=None)
@given(
    st.one_of(patterns, st.builds("{}(?<id>{}){}".format, patterns, patterns, patterns)), st.text(ALPHABET, max_size=8)
)
def test_it_matches_what_a_backtracking_engine_matches(pattern: str, text: str) -> None:
    """Python's, which agrees with Java's about all that is generated here, the order of preference included."""
    wanted = re.fullmatch(pattern.replace("(?<id>", "(?P<id>"), text, re.ASCII)
    found = compile(pattern).match(text)
    assert (found is None) is (wanted is None)
    if found is not None and wanted is not None:
        assert found.id == wanted.groupdict().get("id")


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("(/api/ticketing)(/.*)?", ["/api/ticketing", "/api/ticketing/", "/api/ticketing/4/2"], ["/api/ticketings"]),
        ("^/api/cse(?i)/[A-Z]+$", ["/api/cse/ab", "/api/cse/AB"], ["/API/cse/ab", "/api/cse/1"]),
        ("(?i:/a)b", ["/Ab", "/ab"], ["/aB"]),
        ("[a-z&&[^b-y]]+", ["az"], ["b", ""]),
        ("[a[0-9]]+", ["a1"], ["b"]),
        ("[]a]+", ["]a"], ["b"]),
        ("[\\d\\-x]+", ["1-x"], ["y"]),
        ("\\Q(.*)\\E/\\p{Alpha}\\P{Alpha}", ["(.*)/x1"], ["ab/x1"]),
        ("\\u002fa\\x2fb", ["/a/b"], ["/a-b"]),
        ("a.c", ["abc"], ["a\nc", "a\u2028c"]),
        ("(?s)a.c", ["a\nc"], ["ac"]),
        ("\\A/x\\z", ["/x"], ["/x/"]),
        ("", [""], ["a"]),
        ("(|a)b", ["b", "ab"], ["aab"]),
    ],
)
def test_what_java_writes_otherwise(pattern: str, matching: list[str], other: list[str]) -> None:
    compiled = compile(pattern)
    assert [text for text in matching if compiled.match(text) is None] == []
    assert [text for text in other if compiled.match(text) is not None] == []


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "a group without an end"),
        ("a)", "a closing parenthesis"),
        ("[a", "brackets without an end"),
        ("[z-a]", "a range"),
        ("*a", "nothing can be repeated"),
        ("a**", "nothing can be repeated"),
        ("/api/{id}", "nothing can be repeated"),
        ("a{2,1}", "counts downwards"),
        ("a\\", "without an end"),
        ("\\xg", "hexadecimal"),
        ("a*+", "possessive"),
        ("(?=a)", "not supported"),
        ("(?<!a)b", "not supported"),
        ("(?>a)", "not supported"),
        ("(a)\\1", "not supported"),
        ("\\bword", "not supported"),
        ("\\p{IsGreek}", "a category"),
        ("(" * 51 + ")" * 51, "deeper"),
        ("((a{99}){99}){99}", "steps"),
    ],
)
def test_what_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidPattern, match=reason):
        compile(pattern)


@pytest.mark.parametrize("pattern", ["((a*)*)*b", "(a|a)*(a|aa)+b", "(.*)(.*)(.*)(.*)(.*)(.*)b", "(a?){300}a{300}b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    """Each of these takes a backtracking engine longer than anybody waits."""
    began = time.thread_time()
    assert compile(pattern).match("a" * 2_000) is None
    assert time.thread_time() - began < 20
