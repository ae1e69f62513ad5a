"""Where a report is written, and in which forms."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gatepost.conformance.report.badge import endpoint, svg
from gatepost.conformance.report.html import html
from gatepost.conformance.report.junit import junit
from gatepost.conformance.report.model import Report, schema
from gatepost.conformance.report.summary import markdown

Form = Callable[[Report], str]


def as_json(report: Report) -> str:
    return report.model_dump_json(indent=2) + "\n"


def schema_text() -> str:
    """What `gatepost check --schema` prints, and docs/report.schema.json holds."""
    return json.dumps(schema(), indent=2) + "\n"


RUN_FOLDER: dict[str, Form] = {
    "report.json": as_json,
    "junit.xml": junit,
    "report.html": html,
    "badge.svg": svg,
    "badge.json": endpoint,
    "summary.md": markdown,
}
"""The files of `--report DIR`."""


class CannotWrite(Exception):
    """The text names the file and the reason."""


@dataclass(frozen=True)
class Places:
    """Files to write, by form; `folder` takes every form."""

    json: Path | None = None
    junit: Path | None = None
    html: Path | None = None
    badge: Path | None = None
    folder: Path | None = None

    def check(self) -> None:
        """Raises CannotWrite now for what could not be written after the run."""
        if self.folder is not None:
            _make(self.folder)
        for path, _ in self._files():
            if path.is_dir():
                raise CannotWrite(f"{path} is a folder: name a file")
            if not path.parent.is_dir():
                raise CannotWrite(f"cannot write {path}: there is no folder {path.parent}")
            if not os.access(path if path.exists() else path.parent, os.W_OK):
                raise CannotWrite(f"cannot write {path}: permission denied")

    def write(self, report: Report) -> list[Path]:
        """The files that were written. Raises CannotWrite."""
        written = []
        for path, form in self._files():
            _write(path, form(report))
            written.append(path)
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                with open(summary, "a", encoding="utf-8") as file:
                    file.write(markdown(report))
            except OSError as error:
                raise CannotWrite(f"{summary}: {error.strerror} (GITHUB_STEP_SUMMARY names it)") from None
        return written

    def _files(self) -> Iterator[tuple[Path, Form]]:
        forms: tuple[tuple[Path | None, Form], ...] = ((self.json, as_json), (self.junit, junit), (self.html, html))
        for path, form in forms:
            if path is not None:
                yield path, form
        if self.badge is not None:
            yield self.badge, endpoint if self.badge.suffix == ".json" else svg
        if self.folder is not None:
            for name, form in RUN_FOLDER.items():
                yield self.folder / name, form


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"cannot make the folder {folder}: {error.strerror}") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from None
