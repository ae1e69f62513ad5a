"""pyvcloud as the provider: AMQP settings, extension services, and queries over all tenants."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from pyvcloud.vcd.amqp import AmqpService
from pyvcloud.vcd.api_extension import APIExtension
from pyvcloud.vcd.client import QueryResultFormat
from pyvcloud.vcd.system import System
from pyvcloud.vcd.utils import to_dict
from pyvcloud.vcd.vdc import VDC

from tests.foreign.flows.pyvcloud_client import log_in, made, places
from tests.foreign.flows.telling import arguments, refusal, step


def main() -> None:
    where = arguments(__doc__)
    client = log_in(where, "administrator@System")
    amqp(client, where.amqp_url)
    extensions(client)
    with step("not for tenants") as tell:
        tell(refusal(lambda: AmqpService(log_in(where, "orgadmin@acme"))))
    with step("extensions are not for tenants") as tell:
        tell(refusal(lambda: APIExtension(log_in(where, "orgadmin@acme")).list_extensions()))
    tenants(client)
    client.logout()


def amqp(client: Any, url: str) -> None:
    broker = urlsplit(url)
    config = {
        "AmqpHost": broker.hostname,
        "AmqpPort": broker.port,
        "AmqpUsername": unquote(broker.username or ""),
        "AmqpExchange": "systemExchange",
        "AmqpVHost": unquote(broker.path[1:]) or "/",
        "AmqpUseSSL": False,
        "AmqpSslAcceptAll": False,
        "AmqpPrefix": "cloud-7",
    }
    password = unquote(broker.password or "")
    service = AmqpService(client)
    with step("settings") as tell:
        tell(sorted(name for name in to_dict(service.get_settings()) if name.startswith("Amqp")))
    with step("a good broker") as tell:
        tell(service.test_config(config, password)["Valid"].text)
    with step("a wrong password") as tell:
        bad = service.test_config(config, "wrong")
        tell([bad["Valid"].text, bool(bad["error"].get("message"))])
    with step("set") as tell:
        tell(service.set_config(config, password).tag.rpartition("}")[2])
    with step("kept") as tell:
        tell({name: to_dict(service.get_settings())[name] for name in ("AmqpPrefix", "AmqpPassword")})


def extensions(client: Any) -> None:
    api = APIExtension(client)
    name, namespace = "ticketing", "com.example"

    def info() -> dict[str, Any]:
        told = api.get_extension_info(name, namespace)
        return {key: value for key, value in told.items() if key not in ("id", "href")}

    def patterns() -> list[str]:
        return sorted(one.get("urlPattern") for one in api.get_api_filters(api.get_extension(name, namespace)["id"]))

    with step("none") as tell:
        tell(api.list_extensions())
    with step("add") as tell:
        tell(
            api.add_extension(name, namespace, "tickets", "vcdext", ["/api/ticketing", "/api/t/.*"], "desk").get("name")
        )
    with step("added") as tell:
        tell([one["name"] for one in api.list_extensions()])
    with step("info") as tell:
        tell(info())
    with step("patterns") as tell:
        tell(patterns())
    with step("twice") as tell:
        tell(refusal(lambda: api.add_extension(name, namespace, "tickets", "vcdext", ["/api/x"])))
    with step("update") as tell:
        tell(bool(api.update_extension(name, namespace, routing_key="desk")))
    with step("updated") as tell:
        tell(info())
    with step("disable") as tell:
        tell(bool(api.enable_extension(name, False, namespace)))
    with step("disabled") as tell:
        tell(api.get_extension(name, namespace)["enabled"])
    with step("fewer filters") as tell:
        tell(api.remove_all_api_filters_from_service(name, namespace))
    with step("no patterns") as tell:
        tell(patterns())
    with step("more filters") as tell:
        tell(api.add_api_filters_to_service(name, ["/api/desk"], namespace))
    with step("new patterns") as tell:
        tell(patterns())
    with step("right") as tell:
        tell(api.add_service_right("manage", name, namespace, "may manage", "tickets", "key").get("name"))
    with step("xml") as tell:
        tell(api.get_extension_xml(api.get_extension(name, namespace)["id"]).get("name"))
    with step("absent") as tell:
        tell(refusal(lambda: api.get_extension("nothing", namespace)))
    with step("delete") as tell:
        tell(api.delete_extension(name, namespace))
    with step("deleted") as tell:
        tell(api.list_extensions())


def tenants(client: Any) -> None:
    def names(kind: str, **options: Any) -> list[str]:
        query = client.get_typed_query(kind, query_result_format=QueryResultFormat.RECORDS, **options)
        return sorted(record.get("name") for record in query.execute())

    system = System(client, admin_resource=client.get_admin())
    with step("provider vdcs") as tell:
        tell([one.get("name") for one in system.list_provider_vdcs()])
    with step("orgs") as tell:
        tell(names("organization"))
    with step("people") as tell:
        tell(names("adminUser", qfilter="name!=system"))
    for org in ("acme", "globex"):
        with step(f"vApp of {org}") as tell:
            own, vdc = places(client, org, f"{org}-vdc")
            tell(made(client, vdc.create_vapp(f"{org}-app")))
        with step(f"people of {org}") as tell:
            tell(sorted(one.get("name") for one in own.list_users()))
    with step("vApps") as tell:
        tell(names("adminVApp"))
    _, vdc = places(client, "globex", "globex-vdc")
    with step("its admin view") as tell:
        tell(VDC(client, href=vdc.href_admin).get_resource().get("type"))
    with step("found") as tell:
        tell(vdc.get_vapp("globex-app").get("name"))
    with step("events") as tell:
        events = client.get_typed_query("adminEvent", query_result_format=QueryResultFormat.RECORDS)
        tell("com/vmware/vcloud/event/vapp/create" in {one.get("eventType") for one in events.execute()})
    with step("tasks") as tell:
        tasks = client.get_typed_query("adminTask", query_result_format=QueryResultFormat.ID_RECORDS)
        tell(sorted({one.get("name") for one in tasks.execute()}))


if __name__ == "__main__":
    main()
