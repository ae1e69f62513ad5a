"""Why a broker could not be used, in a sentence a person can act on."""

from __future__ import annotations

import ssl

from pika import exceptions
from pika.adapters.utils.connection_workflow import (
    AMQPConnectionWorkflowFailed,
    AMQPConnectorPhaseErrorBase,
    AMQPConnectorStackTimeout,
)


def reason(error: BaseException) -> str:
    """The innermost cause of what pika raised."""
    cause = _innermost(error)
    match cause:
        case exceptions.ProbableAuthenticationError():
            return "The broker refused user name or password"
        case exceptions.ProbableAccessDeniedError():
            return "The broker refused the virtual host"
        case exceptions.ConnectionClosed() | exceptions.ChannelClosed():
            return f"{cause.reply_code} {cause.reply_text}"
        case exceptions.IncompatibleProtocolError():
            return "What answers there does not speak AMQP 0-9-1"
        case TimeoutError() | AMQPConnectorStackTimeout():
            return "The broker did not answer in time"
        case ssl.SSLCertVerificationError():
            return f"The broker's certificate is not trusted: {cause.verify_message}"
        case ssl.SSLError():
            return f"What answers there does not speak TLS: {cause.reason}"
        case OSError() if cause.strerror:
            return cause.strerror
    return str(cause) or type(cause).__name__


def _innermost(error: BaseException) -> BaseException:
    """pika wraps each error in one for its phase, that in one for all attempts, and that in one of its API."""
    match error:
        case AMQPConnectionWorkflowFailed():
            return _innermost(error.exceptions[-1])
        case AMQPConnectorPhaseErrorBase():
            return _innermost(error.exception)
        case exceptions.AMQPConnectionError() if error.args and isinstance(error.args[0], Exception):
            return _innermost(error.args[0])
    return error
