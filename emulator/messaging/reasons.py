"""Why a broker could not be used, in a sentence a person can act on."""

from __future__ import annotations

from pika import exceptions


def reason(error: BaseException) -> str:
    """The innermost cause of what pika raised."""
    cause = _innermost(error)
    if isinstance(cause, exceptions.ProbableAuthenticationError):
        return "The broker refused user name or password"
    if isinstance(cause, exceptions.ProbableAccessDeniedError):
        return "The broker refused the virtual host"
    if isinstance(cause, exceptions.ConnectionClosed | exceptions.ChannelClosed):
        return f"{cause.reply_code} {cause.reply_text}"
    if isinstance(cause, exceptions.IncompatibleProtocolError):
        return "What answers there does not speak AMQP 0-9-1"
    if isinstance(cause, TimeoutError | exceptions.AMQPConnectorStackTimeout):
        return "The broker did not answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) or type(cause).__name__


def _innermost(error: BaseException) -> BaseException:
    for _ in range(10):
        inner = next((part for part in error.args if isinstance(part, BaseException)), None)
        inner = inner or getattr(error, "exception", None) or error.__cause__
        if isinstance(error, exceptions.AMQPConnectorException) and getattr(error, "exceptions", None):
            inner = error.exceptions[-1]
        if not isinstance(inner, BaseException) or inner is error:
            return error
        error = inner
    return error
