"""Who may import whom: the contracts stand in pyproject.toml, [tool.importlinter]."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_import_contracts_hold(tmp_path: Path) -> None:
    package = tmp_path / "gatepost"
    package.mkdir()
    # The linter looks for the parts of a package in one folder, where an editable install does not have them.
    for part in (*(ROOT / "emulator").iterdir(), ROOT / "conformance", ROOT / "features"):
        (package / part.name).symlink_to(part)
    linter = Path(sys.executable).with_name("lint-imports")
    command = [str(linter), "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True)
    if run.returncode:
        pytest.fail(run.stdout + run.stderr, pytrace=False)
