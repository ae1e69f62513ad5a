"""The profile: what the harness must be told of a connector, as a YAML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

Dialect = Literal["vcloud", "abiquo"]
CLAIMS: dict[str, tuple[str, ...]] = {
    "vcloud": (
        *("resume", "abort", "fail", "update-progress", "replace", "operations"),
        *("restart", "broker-restart", "list", "recovers", "tls"),
    ),
    "abiquo": ("continue", "cancel", "reasons", "json", "xml", "oauth", "pending-list", "restart", "recovers"),
}
"""What a connector may claim of itself, by dialect; what it claims is tested."""

OPERATIONS = (
    *("vdcComposeVapp", "vdcDeleteVapp", "vdcCaptureTemplate", "vappDeploy", "vappUpdateVm", "vappPowerOff"),
    *("vappUndeployPowerOff", "vappUndeploySuspend", "vappSuspend", "vappShutdownGuest", "vappReset"),
)
"""Operations of vCloud, beside `vdcInstantiateVapp`, that users can be made to ask for."""

LARGEST = 1024 * 1024
"""Bytes of a profile."""


class InvalidProfile(ValueError):
    """The text names the file, the line where it can, the field and what would do."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ready(_Part):
    """How the harness sees that a connector can be judged; with none of the three, by its consumer or open port."""

    consumer: bool = False
    http: str | None = None
    log: str | None = None
    within: Annotated[float, Field(gt=0, le=600)] = 20.0

    @field_validator("log")
    @classmethod
    def _is_an_expression(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"is no regular expression: {error}") from None
        return value


class Attach(_Part):
    """A connector that runs already: where it expects the cloud, and for Abiquo where the cloud calls it."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    amqp_port: Annotated[int, Field(ge=1, le=65535)] = 5672
    webhook: str | None = None


class Run(_Part):
    """One of command, image and attach."""

    command: Annotated[list[str], Field(min_length=1)] | None = None
    image: Annotated[str, Field(min_length=1)] | None = None
    arguments: list[str] = []
    attach: Attach | None = None
    env: dict[str, str] = {}
    cwd: str | None = None
    ready: Ready = Ready()

    @model_validator(mode="after")
    def _is_one_of_three(self) -> Run:
        if sum(way is not None for way in (self.command, self.image, self.attach)) != 1:
            raise ValueError("give one of command, image and attach")
        return self


class Request(_Part):
    """A user's request that makes the connector decide in one way; `{n}` is a running number."""

    name: Annotated[str, Field(min_length=1, max_length=128)]
    description: str = ""
    operation: Literal["instantiate", "compose", "deploy", "undeploy", "reconfigure"] | None = None
    """What the user asks for; unless it is told, the first of those of the dialect."""

    @field_validator("name")
    @classmethod
    def _is_a_new_one_each_time(cls, value: str) -> str:
        if "{n}" not in value:
            raise ValueError("must hold {n}, so that each request has a name of its own")
        return value


class Profile(_Part):
    """Seconds: `within` is what a decision may take; after `patience` "tries again" must have happened."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    dialect: Dialect
    run: Run
    decides: dict[str, Request]
    operations: dict[str, Literal["resume", "abort", "fail", "ignore"]] = {}
    claims: frozenset[str] = frozenset()
    within: Annotated[float, Field(gt=0, le=3600)] = 5.0
    patience: Annotated[float, Field(gt=0, le=3600)] = 30.0

    @model_validator(mode="after")
    def _fits_its_dialect(self) -> Profile:
        if unknown := sorted(self.claims.difference(CLAIMS[self.dialect])):
            raise ValueError(f"claims: {unknown[0]!r} is none of {', '.join(CLAIMS[self.dialect])}")
        wanted = "resume" if self.dialect == "vcloud" else "continue"
        if wanted not in self.decides:
            raise ValueError(f"decides: needs {wanted!r}, the request that shows that the connector is at work")
        known = DECISIONS[self.dialect]
        if unknown := sorted(set(self.decides) - set(known)):
            raise ValueError(f"decides: {unknown[0]!r} is none of {', '.join(known)}")
        for decision, request in self.decides.items():
            if request.operation not in (None, *ASKED_FOR[self.dialect]):
                operations = ", ".join(ASKED_FOR[self.dialect])
                raise ValueError(f"decides: {decision}: {request.operation!r} is none of {operations}")
        for claim in sorted(self.claims & set(known)):
            if claim not in self.decides:
                raise ValueError(f"claims {claim!r}, so decides must tell which request makes it do that")
        if unknown := sorted(set(self.operations) - set(OPERATIONS)):
            raise ValueError(f"operations: {unknown[0]!r} is none of {', '.join(OPERATIONS)}")
        if "operations" in self.claims and not self.operations:
            raise ValueError("claims 'operations', so operations must tell what it does with which")
        if "update-progress" in self.claims and "wait" not in self.decides:
            raise ValueError("claims 'update-progress', so decides must tell by wait which request waits for a human")
        return self


DECISIONS = {"vcloud": ("resume", "abort", "fail", "wait", "replace"), "abiquo": ("continue", "cancel", "wait")}
ASKED_FOR = {"vcloud": ("instantiate", "compose", "deploy"), "abiquo": ("deploy", "undeploy", "reconfigure")}


def load(path: Path) -> Profile:
    """Raises InvalidProfile."""
    try:
        if path.stat().st_size > LARGEST:
            raise InvalidProfile(f"{path}: is larger than {LARGEST} bytes, which no profile is")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidProfile(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse(text, str(path))


def parse(text: str, where: str = "profile") -> Profile:
    """Raises InvalidProfile."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark is not None else where
        raise InvalidProfile(f"{place}: is no YAML: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(values, Mapping):
        raise InvalidProfile(f"{where}: a profile is a mapping with name, dialect, run and decides; see gatepost init")
    try:
        return Profile.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field, problem = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            problem = "is not known; gatepost init writes a profile with every field"
        line = _line_of(node, first["loc"] or (problem.partition(":")[0].partition(" ")[0],))
        raise InvalidProfile(f"{where}:{line}: {field + ': ' if field else ''}{problem}") from None


def _line_of(node: Any, path: tuple[int | str, ...]) -> int:
    """The line on which the field stands, or the deepest part of its path that is there."""
    line: int = node.start_mark.line + 1
    for word in path:
        key: Any = None
        if isinstance(word, int) and isinstance(node, yaml.SequenceNode):
            key = node = node.value[word] if word < len(node.value) else None
        elif isinstance(node, yaml.MappingNode):
            key, node = next((pair for pair in node.value if pair[0].value == word), (None, None))
        if key is None:
            break
        line = key.start_mark.line + 1
    return line
