"""What a user of abiquo-api does on a first day: `python abiquo_flow.py --url http://127.0.0.1:8080/api --user joe …`.

Run it with the Python of an environment that holds abiquo-api, which brings requests-oauthlib. It logs in, browses,
deploys a machine and watches the task; then it registers an application for the approver, gets tokens for it by OAuth,
and continues the task as that application. Each step prints one JSON object with the key "step"; the first thing that
a client does not accept ends the run with its traceback and status 1.
"""

import argparse
import json
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from abiquo.client import Abiquo, check_response
from requests_oauthlib import OAuth1, OAuth1Session

VND = "application/vnd.abiquo."
POLL_SECONDS = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the root of the API")
    parser.add_argument("--user", required=True)
    parser.add_argument("--approver", required=True)
    parser.add_argument("--password", required=True, help="of both")
    parser.add_argument("--version", default="6.1")
    parser.add_argument("--timeout", type=float, default=30.0)
    options = parser.parse_args()
    api = Abiquo(options.url, auth=(options.user, options.password))
    user = browse(api, options.version)
    task = deploy(user, options.version)
    states = [task.state]
    approver = Abiquo(options.url, auth=authorize(options.url, options.approver, options.password, options.version))
    approve(approver, user, options.version)
    deadline = time.monotonic() + options.timeout
    while not task.state.startswith("FINISHED"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"task after {options.timeout} s: {states}")
        time.sleep(POLL_SECONDS)
        code, task = Abiquo(task_url(task), auth=api.auth, headers=accept("task", options.version)).get()
        check_response(200, code, task)
        if task.state != states[-1]:
            states.append(task.state)
            tell("polled", state=task.state)
    tell("task", states=states)


def accept(kind: str, version: str) -> dict[str, str]:
    return {"Accept": f"{VND}{kind}+json; version={version}"}


def task_url(task: Any) -> str:
    url: str = task._extract_link("self")["href"]
    return url


def tell(step: str, **seen: object) -> None:
    sys.stdout.write(json.dumps({"step": step, **seen}) + "\n")
    sys.stdout.flush()


def browse(api: Any, version: str) -> Any:
    """The user, after a look at everything that there is; lists are followed from page to page."""
    code, user = api.login.get(headers=accept("user", version))
    check_response(200, code, user)
    tell("login", nick=user.nick, role=user._extract_link("role")["title"])
    code, enterprise = user.follow("enterprise").get()
    check_response(200, code, enterprise)
    code, vdcs = enterprise.follow("cloud/virtualdatacenters").get()
    check_response(200, code, vdcs)
    tell("browse", enterprise=enterprise.name, vdcs=[vdc.name for vdc in vdcs])
    code, machines = user.follow("virtualmachines").get(params={"limit": 1})
    check_response(200, code, machines)
    tell("machines", total=len(machines), labels=sorted(machine.label for machine in machines))
    return user


def deploy(user: Any, version: str) -> Any:
    """The task, as its status link shows it."""
    code, machines = user.follow("virtualmachines").get(params={"has": "web"})
    check_response(200, code, machines)
    [machine] = machines
    code, disk = machine.follow("disk0").get()
    check_response(200, code, disk)
    machine.description = "as abiquo-api wants it"
    code, _ = machine.follow("edit").put(
        headers={**accept("acceptedrequest", version), "Content-Type": f"{VND}virtualmachine+json"},
        data=json.dumps(machine.json),
    )
    tell("edit", code=code)
    code, machine = machine.refresh()
    check_response(200, code, machine)
    code, accepted = machine.follow("deploy").post(
        headers={**accept("acceptedrequest", version), "Content-Type": f"{VND}virtualmachinetask+json"},
        data=json.dumps({"forceEnterpriseSoftLimits": True}),
    )
    check_response(202, code, accepted)
    code, task = accepted.follow("status").get()
    check_response(200, code, task)
    tell("deploy", description=machine.description, disk=disk.sizeInMb, state=task.state)
    return task


def authorize(url: str, nick: str, password: str, version: str) -> Any:
    """Register an application and get its tokens, as the client's own register.py does."""
    api = Abiquo(url, auth=(nick, password))
    code, user = api.login.get(headers=accept("user", version))
    check_response(200, code, user)
    code, application = user.follow("applications").post(
        headers={"Accept": f"{VND}application+json", "Content-Type": f"{VND}application+json"},
        data=json.dumps({"name": "first day"}),
    )
    check_response(201, code, application)
    keys = {"client_key": application.apiKey, "client_secret": application.apiSecret}
    with OAuth1Session(**keys, callback_uri="oob") as session:
        requested = session.fetch_request_token(f"{url}/oauth/request_token")
    asked = requests.get(
        f"{url}/oauth/authorize?oauth_token={requested['oauth_token']}",
        auth=(nick, password),
        allow_redirects=False,
        timeout=60,
    )
    location = asked.headers["location"]
    verifier = location[location.index("verifier=") + len("verifier=") :]
    assert parse_qs(urlsplit(location).query)["oauth_verifier"] == [verifier], location
    with OAuth1Session(
        **keys,
        resource_owner_key=requested["oauth_token"],
        resource_owner_secret=requested["oauth_token_secret"],
        verifier=verifier,
    ) as session:
        granted = session.fetch_access_token(f"{url}/oauth/access_token")
    tell("authorize", code=asked.status_code, keys=sorted(granted))
    return OAuth1(
        **keys, resource_owner_key=granted["oauth_token"], resource_owner_secret=granted["oauth_token_secret"]
    )


def approve(approver: Any, user: Any, version: str) -> None:
    """Continue what waits in the user's enterprise. The double slash is how connectors join their links."""
    enterprise = user._extract_link("enterprise")["href"]
    root = approver.url
    pending = Abiquo(f"{enterprise}/action/pendingtasks", auth=approver.auth, headers=accept("tasks", version))
    code, tasks = pending.get(params={"has": user.nick, "limit": 10})
    check_response(200, code, tasks)
    [task] = tasks
    path = task._extract_link("continue")["href"].removeprefix(root)
    code, _ = Abiquo(f"{root}/{path}", auth=approver.auth).post(
        data="ok & fine", headers={"Content-Type": "text/plain"}
    )
    tell("approve", total=len(tasks), type=task.type, code=code)


if __name__ == "__main__":
    main()
