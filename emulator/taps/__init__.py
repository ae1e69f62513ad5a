"""Taps: where a client's connection can be watched and broken, which neither a WSGI application nor RabbitMQ allows.

`HttpTap` stands in front of the server, `AmqpTap` in front of a broker. Both pass on every byte as it came, unless a
rule or a crash point says otherwise. A crash point holds the bytes at a named point until they are released, so that a
client can be killed at that very moment.
"""

from gatepost.taps.amqp import AmqpTap
from gatepost.taps.http import HttpTap
from gatepost.taps.points import CrashPoint

__all__ = ["AmqpTap", "CrashPoint", "HttpTap"]
