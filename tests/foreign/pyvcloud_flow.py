"""What a user of pyvcloud does on a first day: `python pyvcloud_flow.py --url http://127.0.0.1:8080 --user alice …`.

Run it with the Python of an environment that holds pyvcloud. It logs in, browses, instantiates a vApp, waits for the
task, reads the vApp, deletes it and logs out. Each step prints one JSON object with the key "step"; the first thing
that pyvcloud does not accept ends the run with its traceback and status 1.

Where pyvcloud can either follow links or ask the query service, it does what it does by itself: queries from 33.0 on.

pyvcloud writes vcd_pysdk.log and vcd_sdk.log into the working folder, so run it in one of its own.
"""

import argparse
import json
import sys
import time
from typing import Any

from pyvcloud.vcd.client import BasicLoginCredentials, Client, EntityType, RelationType, get_links
from pyvcloud.vcd.exceptions import AccessForbiddenException
from pyvcloud.vcd.org import Org
from pyvcloud.vcd.vapp import VApp
from pyvcloud.vcd.vdc import VDC

POLL_SECONDS = 0.1


def main() -> None:
    arguments = parse_arguments()
    client = Client(arguments.url, api_version=arguments.api_version, log_requests=True, log_bodies=True)
    client.set_credentials(BasicLoginCredentials(arguments.user, arguments.org, arguments.password))
    tell("login", api_version=client.get_api_version(), sysadmin=client.is_sysadmin())
    vdc, catalog, item = browse(client, arguments.org)
    created = instantiate(vdc, catalog, item, arguments.vapp)
    wait(client, created.Tasks.Task[0], arguments.timeout)
    delete(client, read(client, vdc, arguments.vapp), arguments.timeout)
    client.logout()
    tell("logout")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="of the cloud, without /api")
    parser.add_argument("--user", required=True)
    parser.add_argument("--org", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--api-version", help="without it, pyvcloud takes the highest that both sides know")
    parser.add_argument("--vapp", default="pyvcloud-01", help="name of the vApp")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds that a task may take")
    return parser.parse_args()


def tell(step: str, **seen: object) -> None:
    sys.stdout.write(json.dumps({"step": step, **seen}) + "\n")
    sys.stdout.flush()


def browse(client: Any, org_name: str) -> tuple[Any, str, str]:
    """The first vdc, and the names of its first catalog and of that catalog's first item."""
    tell("orgs", names=[org.get("name") for org in client.get_org_list()])
    org = Org(client, resource=client.get_org_by_name(org_name))
    vdcs = get_links(org.resource, RelationType.DOWN, EntityType.VDC.value)
    catalogs = get_links(org.resource, RelationType.DOWN, EntityType.CATALOG.value)
    tell("org", name=org.get_name(), vdcs=[link.name for link in vdcs], catalogs=[link.name for link in catalogs])
    vdc = VDC(client, href=vdcs[0].href)
    tell("vdc", name=vdc.get_resource().get("name"), resources=vdc.list_resources())
    catalog = client.get_resource(catalogs[0].href)
    items = [item.get("name") for item in catalog.CatalogItems.getchildren()]
    tell("catalog", name=catalog.get("name"), items=items)
    return vdc, catalog.get("name"), items[0]


def instantiate(vdc: Any, catalog: str, item: str, name: str) -> Any:
    """The VApp that the request for it is answered with."""
    vapp = vdc.instantiate_vapp(name, catalog, item, deploy=False, power_on=False, accept_all_eulas=True)
    task = vapp.Tasks.Task[0]
    tell("instantiate", status=vapp.get("status"), task=task.get("status"), operation=task.get("operationName"))
    return vapp


def wait(client: Any, task: Any, timeout: float) -> None:
    """Raises pyvcloud's VcdTaskException if the task ends in error, TimeoutError if neither so nor in success."""
    seen: list[str] = []
    deadline = time.monotonic() + timeout

    # pyvcloud's own timeout never strikes (it subtracts now from the start), and it waits on after "aborted".
    def note(polled: Any) -> None:
        if polled.get("status") not in seen:
            seen.append(polled.get("status"))
        if time.monotonic() > deadline:
            raise TimeoutError(f"task after {timeout} s: {seen}")

    client.get_task_monitor().wait_for_success(task, poll_frequency=POLL_SECONDS, callback=note)
    tell("task", statuses=seen)


def read(client: Any, vdc: Any, name: str) -> Any:
    vdc.reload()
    vapp = VApp(client, href=vdc.get_resource_href(name))
    resource = vapp.get_resource()
    vms = [vm.get("name") for vm in vapp.get_all_vms()]
    tell("vapp", name=vapp.name, id=resource.get("id"), status=vapp.get_power_state(), vms=vms)
    return resource


def delete(client: Any, vapp: Any, timeout: float) -> None:
    task = client.delete_linked_resource(vapp, RelationType.REMOVE, None)
    tell("delete", task=task.get("status"), operation=task.get("operationName"))
    wait(client, task, timeout)
    try:
        client.get_resource(vapp.get("href"))
    except AccessForbiddenException as error:
        tell("gone", status=error.status_code, error=error.vcd_error.get("minorErrorCode"))
    else:
        raise RuntimeError(f"still there after its deletion: {vapp.get('href')}")


if __name__ == "__main__":
    main()
