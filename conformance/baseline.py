"""The list of known failures: what may fail for now, why, and until when. It must stay true, or the run fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gatepost.conformance import catalogue
from gatepost.conformance.report.model import Known, Report, Result
from gatepost.conformance.verdict import Verdict

BROKEN = (Verdict.FAIL, Verdict.WEAK, Verdict.UNREACHED)
DAYS = 90
"""Days that an entry lives which the harness wrote itself."""


class InvalidBaseline(ValueError):
    """The text names the file, the entry and what would do."""


class Entry(BaseModel):
    """One known failure. It counts up to and on the day `expires`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    reason: Annotated[str, Field(min_length=1)]
    expires: date


def load(path: Path) -> list[Entry]:
    """Raises InvalidBaseline."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidBaseline(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise InvalidBaseline(f"{place}: is no YAML: {getattr(error, 'problem', None) or error}") from None
    if values is None:
        return []
    if not isinstance(values, list):
        raise InvalidBaseline(f"{path}: must be a list of entries, each with id, reason and expires")
    entries = [_entry(path, number, one) for number, one in enumerate(values, 1)]
    ids = [entry.id for entry in entries]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise InvalidBaseline(f"{path}: {twice[0]} is listed twice")
    return entries


def _entry(path: Path, number: int, value: object) -> Entry:
    if not isinstance(value, Mapping):
        raise InvalidBaseline(f"{path}: entry {number} must have id, reason and expires")
    try:
        return Entry.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "it"
        problem = (
            "is not known; there are id, reason and expires" if first["type"] == "extra_forbidden" else first["msg"]
        )
        raise InvalidBaseline(f"{path}: entry {number} ({value.get('id', 'no id')}): {field}: {problem}") from None


def apply(report: Report, entries: list[Entry], today: date | None = None) -> Report:
    """The report with what is known marked as such, and with what is no longer true of the list."""
    today = datetime.now(UTC).date() if today is None else today
    results = {result.id: result for result in report.results}
    untrue = []
    for entry in entries:
        result = results.get(entry.id)
        if (problem := _problem(entry, report.dialect, result, today)) is not None:
            untrue.append(f"{entry.id} {problem}")
        if result is not None and result.verdict in BROKEN and entry.expires >= today:
            known = Known(reason=entry.reason, expires=entry.expires)
            results[entry.id] = result.model_copy(update={"known": known})
    return report.model_copy(update={"results": list(results.values()), "baseline": untrue})


def _problem(entry: Entry, dialect: str, result: Result | None, today: date) -> str | None:
    requirement = catalogue.by_id().get(entry.id)
    if requirement is None or requirement.dialect != dialect:
        return f"is no requirement of {dialect}: correct it or take it out; see gatepost requirements"
    if entry.expires < today:
        return f"was to be mended by {entry.expires} ({entry.reason}): mend it, or give it another day and a reason"
    if result is not None and result.verdict is Verdict.PASS:
        return "passes now: take it out"
    if result is not None and result.verdict is Verdict.NOT_APPLICABLE:
        return "is not applicable, since the profile does not claim it: take it out"
    return None


def of_report(report: Report, today: date | None = None) -> str:
    """A list of what the report found broken, as YAML; the reasons are left for a person to write."""
    today = datetime.now(UTC).date() if today is None else today
    lines = [f"# Known failures of {report.connector!r}. A listed one that passes, or that expired, fails the run."]
    for result in report.broken:
        if result.verdict is not Verdict.ERROR:
            lines += [
                f"- id: {result.id}  # {result.title}",
                "  reason: not looked into yet",
                f"  expires: {today + timedelta(days=DAYS)}",
            ]
    return "\n".join(lines) + "\n"
