"""Profiles: what `gatepost init` writes, and what is said of a mistake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from gatepost.conformance.profile import CLAIMS, DECISIONS, InvalidProfile, Profile, load, parse
from gatepost.conformance.selftest import profile_of
from tests.support.process import gatepost

DIALECTS = ("vcloud", "abiquo")


def fields(model: type[BaseModel]) -> set[str]:
    """The names of all fields, of the parts of the model too."""
    found = set(model.model_fields)
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            found |= fields(part)
    return found


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for argument in get_args(annotation) for part in _parts(argument)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_init_writes_a_profile_with_every_field(tmp_path: Path, dialect: str) -> None:
    path = tmp_path / "mine.yaml"
    ended = gatepost("init", "--dialect", dialect, str(path))
    assert (ended.returncode, ended.stdout) == (0, f"wrote {path}; now: gatepost check {path}\n")
    assert load(path).dialect == dialect
    text = path.read_text()
    missing = {name for name in fields(Profile) if re.search(rf"\b{name}:", text) is None}
    # How a broker is reached is no concern of Abiquo's connectors.
    assert missing <= ({"amqp_port"} if dialect == "abiquo" else {"webhook"})
    for word in (*CLAIMS[dialect], *DECISIONS[dialect]):
        assert word in text, f"{word} is not told of"


def test_what_is_commented_out_is_a_profile_too(tmp_path: Path) -> None:
    for dialect in DIALECTS:
        path = tmp_path / f"{dialect}.yaml"
        assert gatepost("init", "--dialect", dialect, str(path)).returncode == 0
        known = fields(Profile) | set(DECISIONS[dialect])
        commented = re.findall(r"^ *# ((\w+): .+)$", path.read_text(), re.MULTILINE)
        examples = [line for line, name in commented if name in known]
        assert len(examples) >= 7
        for line in examples:
            assert isinstance(yaml.safe_load(line), dict), line


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    ended = gatepost("init", str(path))
    assert ended.returncode == 2
    assert ended.stderr.endswith(f"Error: {path} exists and is left alone: name another file\n")
    assert path.read_text() == "mine"


def test_init_where_nothing_can_be_written(tmp_path: Path) -> None:
    ended = gatepost("init", str(tmp_path / "no" / "mine.yaml"))
    assert ended.returncode == 2
    assert "No such file or directory" in ended.stderr


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_new_profile_starts_the_reference(tmp_path: Path, dialect: str) -> None:
    reference = profile_of(dialect)
    if not reference.exists():
        pytest.xfail("this dialect has no reference connector yet")
    path = tmp_path / "mine.yaml"
    assert gatepost("init", "--dialect", dialect, str(path)).returncode == 0
    mine, theirs = (yaml.safe_load(one.read_text()) for one in (path, reference))
    # The harness's own profile has the lists looked through at the start alone, lest that hide what was not heard.
    command = [word for word in theirs["run"]["command"] if word not in ("--sweep", "3600")]
    assert mine["run"]["command"] == command
    assert sorted(mine["claims"]) == sorted(theirs["claims"])


GOOD = """name: acme
dialect: vcloud
run:
  command: [python, connector.py]
  ready:
    consumer: true
decides:
  resume: {name: "ok-{n}"}
claims: [resume]
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("name: acme", "nam: acme", 1, "name: Field required"),
        ("dialect: vcloud", "dialect: vsphere", 2, "dialect: Input should be 'vcloud' or 'abiquo'"),
        ("  command: [python, connector.py]", "  command: python connector.py", 4, "run.command: Input should be a"),
        ("  command: [python, connector.py]", "  command: []", 4, "run.command: List should have at least 1 item"),
        ("  command: [python, connector.py]", "  comand: [python]", 4, "run.comand: is not known; gatepost init"),
        ("  ready:", "  image: acme\n  ready:", 3, "run: give one of command, image and attach"),
        ("    consumer: true", "    within: -1", 6, "run.ready.within: Input should be greater than 0"),
        ("    consumer: true", "    log: '('", 6, "run.ready.log: is no regular expression"),
        ('  resume: {name: "ok-{n}"}', "  resume: {name: ok}", 8, "decides.resume.name: must hold {n}"),
        ("resume: {name", "resumes: {name", 7, "decides: needs 'resume'"),
        ("claims: [resume]", "claims: [resume, fly]", 9, "claims: 'fly' is none of resume, abort"),
        ("claims: [resume]", "claims: [abort]", 9, "claims 'abort', so decides must tell which request"),
        ("claims: [resume]", "claims: [resume", 10, "is no YAML"),
        ("claims: [resume]", "patience: soon", 9, "patience: Input should be a valid number"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, message: str) -> None:
    parse(GOOD)
    assert old in GOOD
    with pytest.raises(InvalidProfile) as caught:
        parse(GOOD.replace(old, new), "mine.yaml")
    assert str(caught.value).startswith(f"mine.yaml:{line}: {message}")


@pytest.mark.parametrize("text", ["", "[]", "acme"])
def test_what_is_no_mapping(text: str) -> None:
    with pytest.raises(InvalidProfile, match="a profile is a mapping with name, dialect, run and decides"):
        parse(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff\xfe\xfa", "cannot be read: "),
        (b"#" * (1024 * 1024 + 1), "is larger than 1048576 bytes"),
    ],
)
def test_a_file_that_is_no_profile(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    ended = gatepost("check", str(path))
    assert ended.returncode == 2
    assert f"{path}: {message}" in ended.stderr
