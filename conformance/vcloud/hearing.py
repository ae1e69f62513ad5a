"""What a connector does with the messages that it is given: takes them, settles them, and goes on."""

from __future__ import annotations

from gatepost.conformance.broker_view import BrokerView, Delivery
from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, ask
from gatepost.conformance.verdict import Broken, Unreached
from gatepost.core.journal import Entry

CREATION = ".blockingtask.create"
"""What a routing key holds of the one event that asks for a decision."""

MOST_DELIVERIES = 20
"""How often one message may be given to a connector before it counts as going round in circles."""


def view_of(scene: Scene) -> BrokerView:
    """All that the connector was given up to now; `look` follows."""
    return BrokerView(scene.cloud.journal).look()


def announcements(view: BrokerView, id: str) -> list[Delivery]:
    """What it was given up to now of the creation of a blocking task."""
    return view.look().of(id, CREATION)


def settles(scene: Scene, view: BrokerView, what: str, *words: str) -> list[Delivery]:
    """Every message with these words in its routing key is settled for good before the patience ends, and none comes
    again and again. Raises Broken, and Unreached where none was delivered."""
    patience = scene.profile.patience
    scene.wait(lambda: is_settled(found := view.look().of(*words)) or len(found) > MOST_DELIVERIES, patience)
    found = view.look().of(*words)
    expected = f"{what}: settled for good within {patience:g} s, and not over and over again"
    if not found:
        raise Unreached(expected, f"it was not given the message{scene.how_it_ended}")
    if len(found) > MOST_DELIVERIES:
        raise Broken(expected, f"it was given the message {len(found)} times", *_entries(found[:3]))
    if not is_settled(found):
        in_hand = sum(one.end is None and not one.automatic for one in found)
        seen = "it has the message in hand still" if in_hand else "it gave the message back, and did not take it again"
        raise Broken(expected, seen + scene.how_it_ended, *_entries(found[-3:]))
    return found


def goes_on(scene: Scene, after: str) -> Ask:
    """The next request is decided before the patience ends. Raises Broken."""
    following = ask(scene, "resume")
    patience = scene.profile.patience
    if not scene.wait(lambda: not following.hold.active, patience):
        raise Broken(
            f"the next request is decided within {patience:g} s, after {after}",
            f"{following.name!r} is not{scene.how_it_ended}",
            *following.deliveries(),
            *following.looks()[-2:],
        )
    following.takes("resume")
    still_runs(scene, after)
    return following


def still_runs(scene: Scene, after: str) -> None:
    """Raises Broken."""
    if scene.how_it_ended:
        raise Broken(f"the connector goes on after {after}", scene.how_it_ended.removeprefix("; "))


def decides_in_the_end(asked: Ask, in_spite_of: str) -> None:
    """The connector resumes it before the patience ends. Raises Broken."""
    scene, patience = asked.scene, asked.scene.profile.patience
    scene.wait(lambda: not asked.hold.active, patience)
    if asked.hold.active:
        tried = f"it tried {', '.join(map(str, asked.decisions()))}" if asked.decisions() else "it did not try"
        raise Broken(
            f"it resumes {asked.name!r} within {patience:g} s, in spite of {in_spite_of}",
            tried + scene.how_it_ended,
            *asked.deliveries()[-2:],
            *asked.settled()[-2:],
            *asked.looks()[-2:],
        )
    asked.takes("resume")


def is_settled(found: list[Delivery]) -> bool:
    """Something was delivered, nothing is in hand, and what was given back has come again."""
    if not found or any(one.end is None and not one.automatic for one in found):
        return False
    given_back = sum(not one.over for one in found)
    return given_back <= sum(bool(one.entry.headers.get("redelivered")) for one in found)


def _entries(found: list[Delivery]) -> list[Entry]:
    return [entry for one in found for entry in (one.entry, one.end) if entry is not None]
