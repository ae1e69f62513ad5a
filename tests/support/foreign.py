"""Virtual environments of foreign clients, so that the project's own lock never bends to what they need."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

VARIABLE: Final = "GATEPOST_FOREIGN"

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_READY: Final = ".ready"
_TIME_LIMIT: Final = 300  # seconds, for each step


def foreign_python(*requirements: str) -> Path:
    """The Python of an environment that holds these ("pyvcloud==23.0.4"), with the distributions as published.

    The first call installs it into a folder of GATEPOST_FOREIGN (by default `.foreign` in the repository), which needs
    a package index and may take a minute; parallel test processes wait for the one that does it. Later calls need
    no network. Skips the test, with the reason, when it cannot be installed.
    """
    try:
        return _environment(requirements)
    except _CannotInstall as error:
        pytest.skip(str(error))


class _CannotInstall(Exception):
    pass


# What this process could not install, with the reason: offline, each attempt would take as long again.
_failures: Final[dict[tuple[str, ...], str]] = {}


def _environment(requirements: tuple[str, ...]) -> Path:
    cache = Path(os.environ.get(VARIABLE) or _REPOSITORY / ".foreign")
    folder = cache / _folder_name(requirements)
    python = folder / "bin" / "python"
    if (folder / _READY).is_file():
        return python
    if requirements in _failures:
        raise _CannotInstall(_failures[requirements])
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _READY).is_file():
            try:
                _install(requirements, folder, python)
            except _CannotInstall as error:
                _failures[requirements] = str(error)
                raise
    return python


def _folder_name(requirements: tuple[str, ...]) -> str:
    # An environment belongs to the interpreter that made it.
    made_of = "\n".join((*requirements, sys.version, sys.base_prefix))
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", requirements[0])
    return f"{readable}-{hashlib.sha256(made_of.encode()).hexdigest()[:10]}"


def _install(requirements: tuple[str, ...], folder: Path, python: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--retries=1")
    steps: list[list[str | Path]] = [[sys.executable, "-m", "venv", folder], [*pip, *requirements]]
    for step in steps:
        try:
            run = subprocess.run(step, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            raise _CannotInstall(_advice(requirements, f"no end after {_TIME_LIMIT} s")) from None
        if run.returncode:
            last_line = (run.stderr.strip() or run.stdout.strip() or "no output").splitlines()[-1]
            raise _CannotInstall(_advice(requirements, last_line))
    (folder / _READY).touch()


def _advice(requirements: tuple[str, ...], problem: str) -> str:
    return (
        f"cannot install {' '.join(requirements)} for this test ({problem}); "
        f"run it once with a package index in reach, or set {VARIABLE} to a folder where it was installed before"
    )
