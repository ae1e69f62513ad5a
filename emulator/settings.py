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
    external_cancel: Literal["request", "end"] = Field(
        "request",
        alias="tasks.external_cancel",
        description="what a user's cancel does to an extension service's task: tell the service, or end the task",
    )
    blocking_ignores_switch: bool = Field(
        True,
        alias="notifications.blocking_always",
        description="blockingtask events are sent even when EnableNotifications is false",
    )
    notifications_xml: bool = Field(
        True, alias="notifications.xml", description="events are told in XML, on the exchange of the AMQP settings"
    )
    notifications_json: bool = Field(
        True, alias="notifications.json", description="events are told in JSON, on <AmqpPrefix>.notifications20"
    )
    json_on_main: bool = Field(
        False, alias="notifications.json_on_main", description="the JSON goes to the exchange of the AMQP settings too"
    )
    message_id: bool = Field(
        True, alias="notifications.message_id", description="the AMQP property message_id is the eventId"
    )
    delivery_mode: Literal[1, 2] = Field(
        2, alias="notifications.delivery_mode", description="AMQP delivery mode: 1 transient, 2 persistent"
    )
    abiquo_version: str = Field(
        "6.1",
        alias="abiquo.api_version",
        description="version served where none is asked for",
        pattern=r"^\d{1,2}\.\d{1,2}$",
    )
    abiquo_format: Literal["json", "xml"] = Field(
        "json", alias="abiquo.default_format", description="format where none is asked for; xml is the way of 2.x"
    )
    abiquo_version_check: Literal["strict", "off"] = Field(
        "strict", alias="abiquo.version_check", description="refuse a vendor type of a version that never was"
    )
    abiquo_unknown_path: Literal["404", "403"] = Field(
        "404", alias="abiquo.unknown_path", description="answer where there is no resource"
    )
    abiquo_session: Seconds = Field(
        1800.0, alias="abiquo.session_s", description="seconds (wall time) that a cookie or token lives unused"
    )
    abiquo_status_link_type: bool = Field(
        True, alias="abiquo.status_link_type", description="the status link of an accepted request has a type"
    )
    abiquo_sysprop_post: Literal["upsert", "strict"] = Field(
        "upsert", alias="abiquo.sysprop_post", description="POST of one of the two workflow properties that exist"
    )
    abiquo_webhook_format: Literal["json", "xml"] = Field(
        "json", alias="abiquo.webhook_format", description="format of the workflow message"
    )
    abiquo_webhook_wrap: Literal["auto", "always", "legacy2x"] = Field(
        "auto", alias="abiquo.webhook_wrap", description="when one task comes as a list of one"
    )
    abiquo_webhook_timestamp: Literal["real", "zero"] = Field(
        "real", alias="abiquo.webhook_timestamp", description="timestamps in the workflow message"
    )
    abiquo_webhook_mode: Literal["sync", "async"] = Field(
        "sync", alias="abiquo.webhook_mode", description="does the user's request wait for the connector's answer"
    )
    abiquo_connect_timeout: Seconds = Field(
        60.0, alias="abiquo.webhook_connect_timeout", description="seconds for the connection to the connector"
    )
    abiquo_read_timeout: Seconds = Field(
        10.0, alias="abiquo.webhook_read_timeout", description="seconds for the connector's answer"
    )
    abiquo_fail_status: Literal[500, 409, 503] = Field(
        500, alias="abiquo.webhook_fail_status", description="HTTP status of WKF-01"
    )
    abiquo_job_step: Seconds = Field(
        0.2, alias="abiquo.job_step_seconds", description="how long a job takes, times work.scale"
    )
    abiquo_fail_job: Literal[
        "none",
        "SCHEDULE",
        "CONFIGURE",
        "POWER_ON",
        "POWER_OFF",
        "DECONFIGURE",
        "FREE_RESOURCES",
        "UPDATE_RESOURCES",
        "RECONFIGURE",
        "REGISTER_VM",
    ] = Field("none", alias="abiquo.fail_job", description="type of the job that fails from now on")
    extension_timeout: Seconds = Field(
        10.0, alias="extensibility.timeout", description="seconds (wall time) that an extension service has to reply"
    )
    extension_timeout_status: Literal["504", "500", "503"] = Field(
        "504",
        alias="extensibility.timeout_status",
        description="answer when an extension service did not reply in time",
    )
    extension_unavailable_status: Literal["503", "500", "504"] = Field(
        "503",
        alias="extensibility.unavailable_status",
        description="answer when the broker is away or lost, or too many requests wait for extension services",
    )
    extension_malformed_status: Literal["500", "502"] = Field(
        "500", alias="extensibility.malformed_status", description="answer when a service's reply cannot be understood"
    )
    extensions_get_credentials: bool = Field(
        True,
        alias="extensibility.forward_credentials",
        description="extension services get the headers Authorization, x-vcloud-authorization and Cookie",
    )

    vdc_cpu: int = Field(0, ge=0, le=2**40, alias="vdc.cpu_mhz", description="MHz of each vdc, 0 without bound")
    vdc_memory: int = Field(0, ge=0, le=2**40, alias="vdc.memory_mb", description="MB of each vdc, 0 without bound")
    vdc_cpu_speed: int = Field(
        1000, ge=1, le=100_000, alias="vdc.vcpu_mhz", description="MHz that a virtual processor takes while it runs"
    )
    vdc_vm_quota: int = Field(0, ge=0, le=2**30, alias="vdc.vm_quota", description="VMs of each vdc, 0 without bound")
    vdc_insufficient: Literal["request", "task"] = Field(
        "request", alias="vdc.insufficient", description="when a lack of CPU or memory shows: as a 400, or in the task"
    )
    runtime_lease: int = Field(
        0, ge=0, le=2**31 - 1, alias="lease.deployment_s", description="seconds a new vApp may run, 0 for ever"
    )
    storage_lease: int = Field(
        0, ge=0, le=2**31 - 1, alias="lease.storage_s", description="seconds a stopped vApp is kept, 0 for ever"
    )
    runtime_expiry: Literal["suspend", "powerOff"] = Field(
        "suspend", alias="lease.at_runtime_expiry", description="how a vApp is undeployed when it has run for too long"
    )
    storage_expiry: Literal["keep", "delete"] = Field(
        "keep", alias="lease.at_storage_expiry", description="what becomes of a vApp that was kept for too long"
    )
    upload_timeout: Seconds = Field(
        3600.0, alias="upload.timeout_s", description="seconds from the request until an upload must be complete"
    )
    item_deletion: Literal["item", "entity"] = Field(
        "item", alias="catalogItem.delete", description="what DELETE of a catalog item removes"
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
