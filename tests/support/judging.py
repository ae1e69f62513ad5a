"""Running `gatepost check` on connectors that a test makes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from gatepost.conformance.selftest import profile_of
from tests.support.process import gatepost

HOSTILE = "<img src=x onerror=document.body.dataset.owned=1>"
SECRET = "S3cret-of-the-acme-connector"

# Says what it knows before it works, as careless programs do.
TALKATIVE = """
import os, sys
words = sys.argv[1:]
password = words[words.index("--password") + 1]
print("starting with", words, "and", os.environ["ACME_API_KEY"], flush=True)
print(f"password is '{password}', url amqp://someone:{password}-2@broker/", flush=True)
print("\\x1b[31mred\\x1b[0m \\x07 <script>document.body.dataset.owned=1</script>", flush=True)
os.execv(sys.executable, [sys.executable, "-m", "gatepost.conformance.connectors.defective", *words])
"""


def write_profile(folder: Path, defect: str | None = None, **changes: Any) -> Path:
    """The profile of vCloud's reference connector, or of the one with that defect, with these changes."""
    values = yaml.safe_load(profile_of("vcloud").read_text())
    if defect is not None:
        python, _, _, *arguments = values["run"]["command"]
        module = "gatepost.conformance.connectors.defective"
        values["run"]["command"] = [python, "-m", module, defect, *arguments]
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump({**values, **changes}))
    return path


def write_talkative_profile(folder: Path) -> Path:
    """A connector that fails what it should abort, has a hostile name, and tells its secrets."""
    values = yaml.safe_load(profile_of("vcloud").read_text())
    python, _, _, *arguments = values["run"]["command"]
    values["name"] = f"acme {HOSTILE}"
    values["run"]["command"] = [python, "-c", TALKATIVE, "fails-what-it-declines", *arguments]
    values["run"]["env"] = {"ACME_API_KEY": SECRET}
    values["decides"]["abort"]["name"] = f"deny-{HOSTILE}-{{n}}"
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def check(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`gatepost check` with one process, to its end."""
    quiet = {"GITHUB_STEP_SUMMARY": "", "COLUMNS": "120", **variables}
    return gatepost("check", "--jobs", "1", *map(str, arguments), seconds=240, **quiet)


def load(path: Path) -> Any:
    return json.loads(path.read_text())
