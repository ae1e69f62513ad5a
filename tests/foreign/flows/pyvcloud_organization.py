"""pyvcloud looks around: the organization, its vdc, its catalog, its people, and what queries say of them."""

from __future__ import annotations

from typing import Any

from pyvcloud.vcd.client import QueryResultFormat
from pyvcloud.vcd.utils import org_to_dict, vdc_to_dict

from tests.foreign.flows.pyvcloud_client import log_in, made, places
from tests.foreign.flows.telling import arguments, refusal, step


def main() -> None:
    where = arguments(__doc__)
    client = log_in(where, "orgadmin@acme")
    org, vdc = places(client)
    with step("orgs") as tell:
        tell([one.get("name") for one in client.get_org_list()])
    with step("another org") as tell:
        tell(refusal(lambda: client.get_org_by_name("globex")))
    with step("org") as tell:
        told = org_to_dict(org)
        tell([told[part] for part in ("name", "full_name", "org_networks", "vdcs", "catalogs")])
    with step("vdcs") as tell:
        tell([one["name"] for one in org.list_vdcs()])
    with step("no vdc") as tell:
        tell(org.get_vdc("nowhere"))
    with step("vdc") as tell:
        told = vdc_to_dict(vdc.get_resource())
        tell([told[part] for part in ("name", "allocation_model", "networks", "storage_profiles", "vapp_templates")])
    with step("networks") as tell:
        tell([one["name"] for one in vdc.list_orgvdc_network_records()])
    with step("storage profiles") as tell:
        tell([one.get("name") for one in vdc.get_storage_profiles()])
    with step("catalogs") as tell:
        tell([one["name"] for one in org.list_catalogs()])
    with step("items") as tell:
        tell([one["name"] for one in org.list_catalog_items("base-images")])
    with step("item") as tell:
        tell(org.get_catalog_item("base-images", "centos").Entity.get("type"))
    with step("users") as tell:
        tell(sorted(one.get("name") for one in org.list_users()))
    with step("user") as tell:
        tell(org.get_user("alice").get("name"))
    with step("no user") as tell:
        tell(refusal(lambda: org.get_user("bob")))
    for name in ("b app", "a (1), b;c", "c"):
        with step(f"vApp {name}") as tell:
            tell(made(client, vdc.create_vapp(name)))
    query_vapps(client, vdc)
    with step("admin query") as tell:
        tell(refusal(lambda: list(client.get_typed_query("adminService").execute())))
    client.logout()


def query_vapps(client: Any, vdc: Any) -> None:
    def names(**options: Any) -> list[str]:
        query = client.get_typed_query("vApp", query_result_format=QueryResultFormat.RECORDS, **options)
        return [record.get("name") for record in query.execute()]

    with step("sorted") as tell:
        tell(names(sort_asc="name"))
    with step("sorted down, over pages") as tell:
        tell(names(sort_desc="name", page_size=1))
    with step("found") as tell:
        tell(names(equality_filter=("name", "b app")))
    with step("encoded twice") as tell:
        tell(names(qfilter="name==a%20%281%29%2C%20b%3Bc"))
    with step("with a wildcard") as tell:
        tell(names(qfilter="name==*app"))
    with step("either") as tell:
        tell(names(qfilter="name==c,name==b%20app", sort_asc="name"))
    with step("by name") as tell:
        tell(vdc.get_vapp("b app").get("name"))
    with step("not there") as tell:
        tell(refusal(lambda: vdc.get_vapp("d")))
    query = client.get_typed_query(
        "vApp", query_result_format=QueryResultFormat.ID_RECORDS, page=2, page_size=2, sort_asc="name"
    )
    with step("second page") as tell:
        page = query.execute()
        tell([page["resultTotal"], page["nextPageUri"], [one.get("name") for one in page["values"]]])
    references = client.get_typed_query("vApp", query_result_format=QueryResultFormat.REFERENCES)
    with step("references") as tell:
        tell(sorted(one.get("name") for one in references.execute()))


if __name__ == "__main__":
    main()
