"""Every choice that the public documents leave open, as a setting with its default.

What no public document says stands here, not in a handler: change it with `gatepost serve --set KEY=VALUE`,
`PATCH /gatepost/settings` or `cloud.settings.update({...})`. A change holds from the next request on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

LONGEST = 100 * 365 * 86_400.0
"""Seconds; what lasts longer would leave the range of dates that every client can read."""

Seconds = Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)]


def _known_order(versions: tuple[str, ...]) -> tuple[str, ...]:
    if not versions or len(set(versions)) != len(versions):
        raise ValueError("give at least one version, each once")
    for version in versions:
        major, _, minor = version.partition(".")
        if not (version.isascii() and major.isdecimal() and minor.isdecimal()):
            raise ValueError(f"{version!r} is not a version such as 5.5")
    return tuple(sorted(versions, key=lambda version: tuple(map(int, version.split(".")))))


def _printable(text: str) -> str:
    # It ends up in XML, which cannot hold control characters.
    if not text.isprintable():
        raise ValueError("only printable characters are allowed")
    return text


Text = Annotated[str, Field(max_length=1_000), AfterValidator(_printable)]


class InvalidSetting(ValueError):
    """A key that does not exist or a value out of its range; the text says which and what would do."""


class Settings(BaseModel):
    """All settings by their dotted keys. Times are seconds."""

    model_config = ConfigDict(validate_assignment=True, extra="forbid", populate_by_name=True)

    work_scale: Seconds = Field(1.0, alias="work.scale", description="factor on simulated work of 0.2 s a step")
    versions: Annotated[tuple[str, ...], AfterValidator(_known_order)] = Field(
        ("1.5", "5.1", "5.5", "5.6", "5.7", "9.0", "27.0", "29.0", "30.0", "31.0", "32.0", "33.0"),
        alias="vcloud.versions",
        description="API versions that GET /api/versions lists and requests may ask for",
    )
    session_idle: Seconds = Field(1800.0, alias="session.idle_s", description="idle seconds until a session expires")
    versions_content_type: str = Field(
        "text/xml", alias="versions.content_type", description="Content-Type of GET /api/versions", pattern=r"^[ -~]+$"
    )
    foreign_content_type: Literal["refuse", "accept"] = Field(
        "refuse", alias="http.foreign_content_type", description="415 for a body type that is clearly not XML"
    )
    expired_token_old: Literal["403", "401"] = Field(
        "403", alias="http.expired_token_old", description="answer to an expired or unknown token in 1.5, 5.1 and 5.5"
    )
    hold_retention: Seconds = Field(
        600.0, alias="blockingTask.retention_s", description="seconds that a handled blocking task stays readable"
    )
    hold_listing: Literal["active", "recent"] = Field(
        "active", alias="blockingTask.list", description="which blocking tasks the list shows"
    )
    status_resumed: Text = Field("resumed", alias="blockingTask.status.resumed", description="status after resume")
    status_aborted: Text = Field("aborted", alias="blockingTask.status.aborted", description="status after abort")
    status_failed: Text = Field("failed", alias="blockingTask.status.failed", description="status after fail")
    hold_error_code: Text = Field(
        "BAD_REQUEST", alias="blockingTask.error_code", description="minorErrorCode of aborted and failed tasks"
    )
    timeout_message: Text = Field(
        "Blocking task timed out", alias="blockingTask.timeout_message", description="message of a time-out"
    )
    pending_message: Text = Field(
        "Pending processing...", alias="blockingTask.pending_message", description="Details of a blocked task"
    )
    cancel_blocked: Literal["allow", "refuse"] = Field(
        "allow", alias="blockingTask.cancel", description="may a user cancel a blocked task"
    )
    blocking_ignores_switch: bool = Field(
        True,
        alias="notifications.blocking_always",
        description="blockingtask events are sent even when EnableNotifications is false",
    )
    message_id: bool = Field(
        True, alias="notifications.message_id", description="the AMQP property message_id is the eventId"
    )
    delivery_mode: Literal[1, 2] = Field(
        2, alias="notifications.delivery_mode", description="AMQP delivery mode: 1 transient, 2 persistent"
    )

    def dotted(self) -> dict[str, Any]:
        """All settings by key, in JSON types."""
        return self.model_dump(mode="json", by_alias=True)

    def update(self, values: Mapping[str, Any]) -> None:
        """Set some settings by key, all or none of them. Raises InvalidSetting."""
        fresh = parse({**self.dotted(), **values})
        for name in type(self).model_fields:
            object.__setattr__(self, name, getattr(fresh, name))


def parse(values: Mapping[str, Any]) -> Settings:
    """Settings from dotted keys; what is not named keeps its default. Raises InvalidSetting."""
    aliases = {field.alias for field in Settings.model_fields.values()}
    for key in values:
        if key not in aliases:
            raise InvalidSetting(f"there is no setting {key!r}; `gatepost serve --help-settings` lists them")
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidSetting(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def parse_assignment(text: str) -> tuple[str, Any]:
    """`KEY=VALUE` of the command line; lists are separated by commas. Raises InvalidSetting."""
    key, equals, value = text.partition("=")
    if not equals:
        raise InvalidSetting(f"{text!r} is not KEY=VALUE")
    field = next((field for field in Settings.model_fields.values() if field.alias == key), None)
    if field is not None and isinstance(field.default, tuple):
        return key, tuple(part.strip() for part in value.split(","))
    if field is not None and isinstance(field.default, int) and not isinstance(field.default, bool):
        # A Literal of numbers does not take the text of a number.
        return key, int(value) if value.isdecimal() else value
    return key, value
