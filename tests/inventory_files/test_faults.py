"""What is wrong with an inventory file is said in a sentence, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost import Gatepost
from gatepost.inventory_files import InvalidInventory, load, write

ORG = "vcloud:\n  organizations:\n    - name: a\n"
FAULTS = {
    "vcloud:\n  organisations: []\n": (
        "line 2, column 3: vcloud.organisations: unknown key, did you mean organizations?"
    ),
    ORG + "      vdcs: [{name: v, cpuu: 3}]\n": (
        "line 4, column 24: vcloud.organizations[0].vdcs[0].cpuu: unknown key, did you mean cpu_mhz?"
    ),
    "settings:\n  work.scal: 3\n": "line 2, column 3: settings.work.scal: unknown key, did you mean work.scale?",
    "vclouds: {}\nabiqou: {}\n": (
        "line 1, column 1: vclouds: unknown key, did you mean vcloud? "
        "(and 1 more; `gatepost inventory FILE` lists them all)"
    ),
    "vcloud:\n  zzz: 1\n": (
        "line 2, column 3: vcloud.zzz: unknown key; "
        "there is blocking, administrators, provider_vdcs, organizations, vsphere"
    ),
    "- vcloud\n- abiquo\n": "line 1, column 1: keys with values are expected, not a list",
    "vcloud:\n  organizations: 3\n": "line 2, column 3: vcloud.organizations: a list is expected, not 3",
    "vcloud:\n  organizations: [{name: no}]\n": (
        "line 2, column 20: vcloud.organizations[0].name: text is expected, not false: put it in quotes"
    ),
    "vcloud:\n  organizations: [{users: []}]\n": ("line 2, column 19: vcloud.organizations[0].name: it is required"),
    ORG + "      vdcs: [{name: v, cpu_mhz: '3'}]\n": (
        "line 4, column 24: vcloud.organizations[0].vdcs[0].cpu_mhz: a whole number is expected, not '3'"
    ),
    ORG + "      vdcs: [{name: v, provider: providervdc}]\n": (
        "line 4, column 24: vcloud.organizations[0].vdcs[0].provider: "
        "there is no provider vdc 'providervdc', did you mean provider-vdc?"
    ),
    ORG + "    - name: b\n    - name: A\n": (
        "line 5, column 7: vcloud.organizations[2].name: there is another organization 'a' before this one"
    ),
    ORG + "      users: [{name: u, role: root}]\n": (
        "line 4, column 25: vcloud.organizations[0].users[0].role: "
        "'Organization Administrator' or 'vApp User' is expected, not 'root'"
    ),
    ORG + "      vapps:\n        - {name: x}\n        - {name: x}\n": (
        "line 6, column 12: vcloud.organizations[0].vapps[1].name: the name 'x' is taken in the vdc 'a-vdc'"
    ),
    ORG + "      vdcs: []\n      vapps: [{name: x}]\n": (
        "line 5, column 15: vcloud.organizations[0].vapps[0]: it needs a vdc, and the organization has none"
    ),
    ORG + "      vapps: [{name: x, vms: [{name: y, state: powered-on, deployed: false}]}]\n": (
        "line 4, column 60: vcloud.organizations[0].vapps[0].vms[0].deployed: a VM that is powered on is deployed"
    ),
    ORG + "      vapps: [{name: x, vms: [{name: y, media: [{name: z}]}]}]\n": (
        "line 4, column 50: vcloud.organizations[0].vapps[0].vms[0].media[0].name: "
        "there is no media file 'z'; there is none"
    ),
    ORG + "      vapps: [{name: x, owner: nobody}]\n": (
        "line 4, column 25: vcloud.organizations[0].vapps[0].owner: there is no user 'nobody'; there is alice, orgadmin"
    ),
    ORG + "      networks: [{name: n, gateway: 1.2.3}]\n": (
        "line 4, column 28: vcloud.organizations[0].networks[0].gateway: an IP address is expected"
    ),
    ORG + "      vapps: [{name: x, vms: [{name: y, nics: [{network: nowhere}]}]}]\n": (
        "line 4, column 49: vcloud.organizations[0].vapps[0].vms[0].nics[0].network: "
        "there is no network 'nowhere'; there is a-net"
    ),
    "vcloud:\n  blocking: {operations: [vappDeplo]}\n": (
        "line 2, column 27: vcloud.blocking.operations[0]: "
        "there is no operation that can block 'vappDeplo', did you mean vappDeploy?"
    ),
    "abiquo:\n  users: [{nick: joe, role: USR}]\n": (
        "line 2, column 23: abiquo.users[0].role: there is no role 'USR', did you mean USER?"
    ),
    "abiquo:\n  roles: [{name: r, privileges: [WORKFLOW_OVERIDE]}]\n  users: []\n  enterprises: [{name: e}]\n": (
        "line 2, column 34: abiquo.roles[0].privileges[0]: "
        "there is no privilege WORKFLOW_OVERIDE, did you mean WORKFLOW_OVERRIDE?"
    ),
    "vcloud: {\n": None,
    "vcloud: {}\nvcloud: {}\n": "line 2, column 1: the key vcloud stands here twice",
    "vcloud: {<<: {}}\n": "line 1, column 10: merge keys (<<) are not read; write the keys out, or use an alias of "
    "the value",
    "vcloud: &all [*all]\n": "line 1, column 9: an alias stands within what it is an alias of",
    "vcloud: !!python/object/apply:os.system [ls]\n": (
        "line 1, column 9: the tag tag:yaml.org,2002:python/object/apply:os.system is not read"
    ),
    "vcloud: !!python/name:os.system x\n": (
        "line 1, column 9: the tag tag:yaml.org,2002:python/name:os.system is not read"
    ),
    "vcloud: 2020-01-01\n": "line 1, column 9: 2020-01-01 would be a date; put it in quotes",
    "? [a]\n: 1\n": "line 1, column 3: a key is a word",
    "vcloud: \x01\n": "line 1, column 9: YAML does not allow the character '\\x01'",
    "# nothing\n\n": "it is empty; `gatepost inventory` prints one to start from",
    "a: " + "[" * 100_000 + "\n": "line 1, column 53: it is nested more than 50 deep",
}


@pytest.mark.parametrize(("text", "said"), FAULTS.items(), ids=[str(number) for number in range(len(FAULTS))])
def test_a_fault_is_named_with_its_place(text: str, said: str | None) -> None:
    with pytest.raises(InvalidInventory) as caught:
        load(text)
    if said is None:
        assert "line " in str(caught.value)
    else:
        assert str(caught.value) == f"inventory: {said}"


def test_every_fault_is_listed_in_the_order_of_the_file() -> None:
    with pytest.raises(InvalidInventory) as caught:
        load("vcloud:\n  b: 1\n  administrators: 2\nabiquo:\n  a: 1\n")
    assert [line.split(":")[1] for line in caught.value.lines] == [
        " line 2, column 3",
        " line 3, column 3",
        " line 5, column 3",
    ]


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    with pytest.raises(InvalidInventory, match="with its aliases written out it has more than 200,000 values"):
        load("\n".join(lines))


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"# " + b"x" * (5 << 20))
    with pytest.raises(InvalidInventory, match="it has more than 4 MiB"):
        load(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"vcloud: {}\na: \xff\n", "line 2: it is not UTF-8"), (b"", "it is empty")],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "some.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidInventory, match=said):
        load(path)


@pytest.mark.parametrize("name", [".", "absent.yaml", "a\0b"])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInventory, match="cannot be read"):
        load(tmp_path / name)


def _default() -> str:
    cloud = Gatepost(broker=None)
    try:
        return write(cloud.inventory())
    finally:
        cloud.stop()


STEADY = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
LINES = _default().splitlines()
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        ["[]", "{}", "~", "-1", "1e400", "0x1F", "1:30", "'\\ud800'", '"\\ud800"', '"\\u0001"', "no", "''"]
    ),
    st.text(max_size=20),
    st.integers().map(str),
)


@STEADY
@given(st.data())
def test_any_file_is_taken_or_refused_in_a_sentence(data: st.DataObject) -> None:
    lines = [*LINES]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(3, len(lines) - 1))
        key, colon, _ = lines[place].partition(":")
        lines[place] = f"{key}{colon} {data.draw(ODD)}" if colon else f"{lines[place]}{data.draw(ODD)}"
    _take("\n".join(lines))


@STEADY
@given(st.text())
def test_any_text_is_taken_or_refused_in_a_sentence(text: str) -> None:
    _take(f"{text}\n")


def _take(text: str) -> None:
    refused = None
    try:
        cloud = Gatepost(broker=None, inventory=text)
        try:
            cloud.inventory()
        finally:
            cloud.stop()
    except InvalidInventory as error:
        refused = error
    assert refused is None or str(refused).isprintable()
