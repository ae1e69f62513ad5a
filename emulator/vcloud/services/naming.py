"""URNs and hrefs that services bring along: variables in templates, and namespaces (reference, sections 7 and 8.2)."""

from __future__ import annotations

from gatepost.vcloud.services.parts import ResourceClass
from gatepost.vcloud.services.registry import Registry

LONGEST_URN = 1_024
"""Characters; no pattern looks at a longer one."""


def expand(template: str, base: str, id: str) -> str:
    """A template with its variables filled in; `base` is the URL of the API, without a slash at the end."""
    # The guides write {baseUri} with and without a slash behind it.
    href = template.replace("{baseUri}/", "{baseUri}").replace("{baseUri}", base + "/")
    return href.replace("{resourceId}", id)


def resolve(services: Registry, urn: str) -> tuple[ResourceClass, str] | None:
    """The class of an enabled service in whose namespace the URN is, and the id in it. The caller holds the lock."""
    scheme, _, rest = urn.partition(":")
    nid, _, specific = rest.partition(":")
    if scheme.lower() != "urn" or not specific or len(urn) > LONGEST_URN:
        return None
    for part in services.parts.values():
        if not isinstance(part, ResourceClass) or not part.service.enabled or not part.url_template:
            continue
        if part.nid.lower() == nid.lower() and part.urn_pattern is not None:
            match = part.urn_pattern.matcher.match(specific)
            if match is not None:
                return part, match.id or ""
    return None
