"""`gatepost inventory` and `gatepost serve --inventory`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from gatepost import Gatepost
from gatepost.inventory_files import schema
from tests.conftest import MakeWorld
from tests.support.process import Serve, gatepost

DOCS = Path(__file__).parents[2] / "docs"


def test_the_printed_inventory_is_one(tmp_path: Path) -> None:
    shown = gatepost("inventory")
    assert shown.returncode == 0
    path = tmp_path / "inventory.yaml"
    path.write_text(shown.stdout)
    checked = gatepost("inventory", str(path))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, f"{path} is an inventory\n", "")


def test_the_inventory_of_a_running_cloud_is_printed(make_world: MakeWorld) -> None:
    cloud = make_world(inventory="vcloud:\n  organizations: [{name: initech}]\n", control_token="t0ken")
    shown = gatepost("inventory", "--url", cloud.url, "--control-token", "t0ken")
    assert yaml.safe_load(shown.stdout) == cloud.inventory()


def test_the_published_schema_is_the_one_that_is_printed() -> None:
    printed = gatepost("inventory", "--schema").stdout
    assert printed == (DOCS / "inventory.schema.json").read_text()
    assert json.loads(printed) == schema()


def test_what_is_printed_is_as_the_schema_says(make_world: MakeWorld) -> None:
    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())
    validator.validate(make_world().inventory())
    assert not validator.is_valid({"vcloud": {"organizations": [{"name": "a", "vdks": []}]}})


@pytest.mark.parametrize("command", [("inventory",), ("serve", "--port", "0", "--inventory")], ids=["check", "serve"])
def test_a_bad_file_ends_it_with_a_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("vcloud:\n  organizations:\n    - name: acme\n      vdcs: [{name: v, cpuu: 1}]\n")
    run = gatepost(*command, str(path))
    assert run.returncode == 2
    assert f"{path}: line 4, column 24: vcloud.organizations[0].vdcs[0].cpuu: unknown key" in run.stderr
    absent = gatepost(*command, str(tmp_path))
    assert (absent.returncode, "cannot be read: Is a directory" in absent.stderr) == (2, True)


def test_two_things_at_once_are_refused() -> None:
    run = gatepost("inventory", "--schema", "--url", "http://127.0.0.1:1")
    assert run.returncode == 2
    assert "only one" in run.stderr


def test_a_served_cloud_begins_as_the_file_has_it(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text("vcloud:\n  administrators: [{name: root, password: s3cret}]\n  organizations: [{name: initech}]\n")
    with Serve(tmp_path, GATEPOST_INVENTORY=str(path)) as serve:
        people = {one["user"]: one["password"] for one in serve.info["accounts"] if one["dialect"] == "vcloud"}
        assert people == {"root@System": "s3cret", "orgadmin@initech": "gatepost", "alice@initech": "gatepost"}


def test_the_examples_of_the_docs_are_inventories() -> None:
    examples = [part.split("```")[0] for part in (DOCS / "inventory.md").read_text().split("```yaml\n")[1:]]
    assert len(examples) >= 2
    for text in examples:
        Gatepost(broker=None, inventory=text).stop()
