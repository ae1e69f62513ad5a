"""Where the embedded broker may differ from RabbitMQ: all of it, each with its reason.

Whatever is not listed here has to be the same, reply codes and texts to the letter.
"""

from __future__ import annotations

from typing import Final

A_SPOILT_HANDSHAKE: Final = """
RabbitMQ waits three seconds and hangs up without a word when a handshake goes wrong other than by a wrong password
or virtual host. The embedded broker may hang up at once, and may say why by Connection.Close: it serves developers.
"""

AN_UNKNOWN_METHOD: Final = """
RabbitMQ's reader crashes at a method that AMQP does not have, and the connection ends without a word. The embedded
broker may say why by Connection.Close.
"""

A_NEW_SECRET: Final = """
RabbitMQ takes Connection.UpdateSecret even for users whose password it keeps itself, to no effect. The embedded broker
refuses it in the words that RabbitMQ has for a secret it cannot take, since nothing here may be ignored in silence.
"""
