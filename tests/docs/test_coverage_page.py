"""The coverage page is what the code makes of it, and every request of the documents is served or excused."""

from __future__ import annotations

from tools import coverage


def test_the_page_is_up_to_date() -> None:
    assert coverage.page() == coverage.PAGE.read_text(), "run: python -m tools.coverage --write"


def test_what_is_not_served_says_why() -> None:
    assert [row for row in coverage.rows() if row.served == bool(row.excuse)] == []
    assert [name for name, state in coverage.operations().items() if not state] == []


def test_every_route_belongs_to_a_section() -> None:
    assert [request for section, request in coverage.others() if not section] == []
