"""Why a broker could not be used, in a sentence a person can act on."""

from __future__ import annotations

import os
import socket
import ssl

from pika import exceptions


def reason(error: Exception) -> str:
    """What the connection to a broker raised, in words."""
    match error:
        case exceptions.ProbableAuthenticationError():
            return "The broker refused user name or password"
        case exceptions.ProbableAccessDeniedError():
            return "The broker refused the virtual host"
        case exceptions.ConnectionClosed() | exceptions.ChannelClosed():
            return f"{error.reply_code} {error.reply_text}"
        case exceptions.IncompatibleProtocolError():
            return "What answers there does not speak AMQP 0-9-1"
        case TimeoutError():
            return "The broker did not answer in time"
        case ssl.SSLCertVerificationError():
            return f"The broker's certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"What answers there does not speak TLS: {error.reason}"
        case socket.gaierror():
            return error.strerror or str(error)
        case OSError() if error.errno:
            return os.strerror(error.errno)
    return str(error) or type(error).__name__
