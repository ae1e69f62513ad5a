"""The embedded AMQP 0-9-1 broker: RabbitMQ's behaviour as far as it goes, in this process, with nothing to install."""

from gatepost.broker.levers import CutPoint, Levers
from gatepost.broker.limits import Limits
from gatepost.broker.observer import Observer, WireEvent
from gatepost.broker.server import Broker

__all__ = ["Broker", "CutPoint", "Levers", "Limits", "Observer", "WireEvent"]
