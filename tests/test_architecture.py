"""Who may import whom: the contracts stand in pyproject.toml, [tool.importlinter]."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    if run.returncode:
        pytest.fail(run.stdout + run.stderr, pytrace=False)
