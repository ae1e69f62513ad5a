"""The system settings that are kept and shown: reading, changing, and what is never shown (reference, section 2.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.bodies import ADMIN, KEPT, Place, wrap
from tests.support.client import VcloudClient, find_link
from tests.support.house import SETTINGS, House
from tests.support.refusals import refused
from tests.support.schemas import VMEXT
from tests.support.tenant import the

Connect = Callable[..., VcloudClient]

each = pytest.mark.parametrize("place", KEPT, ids=[place.root for place in KEPT])
GENERAL, LDAP, EMAIL, LICENSE, BRANDING, POLICY = KEPT


def shown(element: etree._Element) -> dict[str, str]:
    """Everything but the links, by path."""
    return {
        "/".join(etree.QName(one).localname for one in (*reversed(list(leaf.iterancestors())[:-1]), leaf)): leaf.text
        or ""
        for leaf in element.iter(f"{{{VMEXT}}}*")
        if leaf is not element and not len(leaf)
    }


def changed(place: Place, name: str, text: str | None) -> str:
    """The place's body with another text for one element, or without it."""
    root = etree.fromstring(wrap(place.root, place.inside))
    element = the(root, name)
    if text is None:
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
    else:
        element.text = text
    return etree.tostring(root).decode()


def test_every_part_is_found_by_its_link(house: House) -> None:
    system = house.admin.get(SETTINGS).xml
    for link in system.findall("{*}Link[@rel='down']"):
        part = house.admin.get(link.get("href", "")).xml
        assert part.get("type") == link.get("type")
        # Each part stands in the whole as it stands alone.
        name = etree.QName(part).localname.replace("SystemPassword", "Password")
        assert shown(the(system, name)) == {f"{name}/{path}": text for path, text in shown(part).items()}
    assert {link.get("href", "").rpartition("/")[2] for link in system.findall("{*}Link[@rel='down']")} == {
        "amqp",
        "notifications",
        "blockingTask",
        "general",
        "ldapSettings",
        "email",
        "license",
        "branding",
        "passwordPolicy",
    }


@each
def test_what_is_read_can_be_put_back(cloud: Gatepost, connect: Connect, place: Place) -> None:
    admin = connect(cloud, ADMIN, version="33.0")
    before = admin.get(place.path)
    again = admin.put(find_link(before.xml, "edit", before.xml.get("type")), before.body, before.xml.get("type"))
    assert (again.status, again.body) == (200, before.body)


@each
def test_a_change_is_echoed_and_kept_until_a_reset(cloud: Gatepost, connect: Connect, place: Place) -> None:
    admin = connect(cloud, ADMIN)
    first = admin.get(place.path)
    echo = admin.put(place.path, wrap(place.root, place.inside))
    assert echo.status == 200, echo
    given = shown(etree.fromstring(wrap(place.root, place.inside)))
    assert given.items() <= shown(echo.xml).items()
    # What the body does not name stays what it was.
    assert shown(first.xml) | given == shown(echo.xml)
    assert admin.get(place.path).body == echo.body
    cloud.reset()
    admin.login(ADMIN)
    assert admin.get(place.path).body == first.body


def test_secrets_are_never_shown(cloud: Gatepost, connect: Connect) -> None:
    admin = connect(cloud, ADMIN, version="33.0")
    for place, name in ((GENERAL, "VcTruststorePassword"), (GENERAL, "VcTruststoreContents"), (LDAP, "Password")):
        body = wrap(place.root, f"{place.inside}<{name}>c0ffee</{name}>")
        assert b"c0ffee" not in admin.put(place.path, body).body
    smtp = changed(EMAIL, "SmtpSettings/UseAuthentication", "true")
    with_password = smtp.replace("</SmtpSettings>", "<Password>c0ffee</Password></SmtpSettings>")
    assert "c0ffee" in with_password
    assert b"c0ffee" not in admin.put(EMAIL.path, with_password).body
    assert b"c0ffee" not in admin.get(SETTINGS).body


def test_what_only_the_server_sets_stays(cloud: Gatepost, connect: Connect) -> None:
    admin = connect(cloud, ADMIN)
    body = wrap("License", "<SerialNumber>x</SerialNumber><LicensedVMCount>7</LicensedVMCount><Expired>true</Expired>")
    license = admin.put(LICENSE.path, body).xml
    assert (the(license, "SerialNumber").text, the(license, "LicensedVMCount").text) == ("x", "0")
    assert the(license, "Expired").text == "false"


@pytest.mark.parametrize(
    ("place", "name", "text"),
    [
        (GENERAL, "SessionTimeoutMinutes", None),
        (GENERAL, "SessionTimeoutMinutes", "soon"),
        (GENERAL, "SessionTimeoutMinutes", str(2**31)),
        (GENERAL, "SessionTimeoutMinutes", ""),
        (GENERAL, "SyncIntervalInHours", str(2**63)),
        (GENERAL, "ShowStackTraces", "perhaps"),
        (GENERAL, "SyncStartDate", "2014-03-12"),
        (GENERAL, "SyncStartDate", "2014-02-30T10:41:22Z"),
        (GENERAL, "SyncStartDate", "2014-03-12T10:41:22+15:00"),
        (LDAP, "UserAttributes", None),
        (LDAP, "UserAttributes/Email", None),
        (LDAP, "ConnectorType", None),
        (LDAP, "ConnectorType", "x" * 32_769),
        (EMAIL, "SmtpSettings", None),
        (EMAIL, "SmtpSettings/UseAuthentication", "maybe"),
        (BRANDING, "CompanyName", None),
        (POLICY, "AccountLockoutIntervalMinutes", "0"),
    ],
)
def test_what_cannot_be(house: House, place: Place, name: str, text: str | None) -> None:
    with house.unchanged():
        message = refused(place.request(house, changed(place, name, text)), 400)
    assert message.startswith(f"validation error on field '{name.rpartition('/')[2]}': ")


def test_themes_and_choices_of_later_versions(house: House) -> None:
    with house.unchanged():
        for place, inside, name in (
            (BRANDING, "<FinalCustomTheme>abc</FinalCustomTheme>", "FinalCustomTheme"),
            (BRANDING, "<FinalCustomTheme>xy</FinalCustomTheme>", "FinalCustomTheme"),
            (EMAIL, "<SmtpSecureMode>sometimes</SmtpSecureMode>", "SmtpSecureMode"),
        ):
            body = wrap(place.root, place.inside + inside)
            if place is EMAIL:
                body = wrap(place.root, place.inside.replace("</SmtpSettings>", inside + "</SmtpSettings>"))
            assert f"field '{name}'" in refused(place.request(house, body), 400)


def test_all_parts_are_changed_at_once_or_none(cloud: Gatepost, connect: Connect) -> None:
    admin = connect(cloud, ADMIN)
    policy = f"<PasswordPolicySettings>{POLICY.inside}</PasswordPolicySettings>"
    wrong = "<BrandingSettings/>"
    notifications = "<NotificationsSettings><EnableNotifications>false</EnableNotifications></NotificationsSettings>"
    before = admin.get(SETTINGS).body
    refused(admin.put(SETTINGS, wrap("SystemSettings", notifications + wrong + policy)), 400)
    assert admin.get(SETTINGS).body == before
    reply = admin.put(SETTINGS, wrap("SystemSettings", notifications + policy))
    assert reply.status == 200, reply
    assert the(reply.xml, "NotificationsSettings/EnableNotifications").text == "false"
    assert the(reply.xml, "PasswordPolicySettings/InvalidLoginsBeforeLockout").text == "3"
    assert reply.body == admin.get(SETTINGS).body
    whole = admin.put(SETTINGS, reply.body)
    assert (whole.status, whole.body) == (200, reply.body)


@each
def test_only_the_system_administrator_may(house: House, place: Place) -> None:
    with house.unchanged():
        for somebody in (house.alice, house.orgadmin):
            assert somebody.get(place.path).status == 403
            assert somebody.put(place.path, wrap(place.root, place.inside)).status == 403
