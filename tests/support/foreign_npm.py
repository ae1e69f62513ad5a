"""Packages of npm for foreign clients, each in a folder of its own beside the virtual environments of `foreign`."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.foreign import VARIABLE

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_READY: Final = ".ready"
_TIME_LIMIT: Final = 300  # seconds


def foreign_node(package: str, version: str) -> tuple[str, dict[str, str]]:
    """The machine's Node.js, and an environment in which it finds exactly this version of the package.

    The first call installs it, which needs a package registry; later calls need no network. Skips the test, with
    the reason, where Node.js or npm is missing or the package cannot be installed.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node.js and npm are needed for this client: apt-get install nodejs npm")
    cache = Path(os.environ.get(VARIABLE) or _REPOSITORY / ".foreign")
    folder = cache / f"npm-{package}-{version}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _READY).is_file():
            _install(npm, f"{package}@{version}", folder)
    return node, {**os.environ, "NODE_PATH": str(folder / "node_modules")}


def _install(npm: str, requirement: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    quiet = ("--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--fetch-retries=1", "--loglevel=error")
    command = (npm, "install", *quiet, "--prefix", str(folder), requirement)
    advice = f"run it once with a registry in reach, or set {VARIABLE} to a folder where it was installed before"
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"cannot install {requirement} (no end after {_TIME_LIMIT} s); {advice}")
    if run.returncode:
        last_line = (run.stderr.strip() or run.stdout.strip() or "no output").splitlines()[-1]
        pytest.skip(f"cannot install {requirement} ({last_line}); {advice}")
    (folder / _READY).touch()
