"""What the methods of an open channel do. Each handler returns the reply, or None where there is none."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from gatepost.broker import codec
from gatepost.broker.channel import REPLY_TO_QUEUE, Channel
from gatepost.broker.codec import Access, Basic, Confirm, Exchange, Method, Queue, Tx
from gatepost.broker.codec import Channel as ChannelMethods
from gatepost.broker.declarations import check_consumer_arguments
from gatepost.broker.errors import (
    AmqpError,
    access_refused,
    not_allowed,
    not_found,
    not_implemented,
    precondition_failed,
    resource,
)
from gatepost.broker.queues import Consumer
from gatepost.broker.queues import Queue as MessageQueue

Handler = Callable[[Channel, Method], Method | None]

_NO_TRANSACTIONS = (
    "transactions are not part of the embedded broker; use publisher confirms (confirm.select), "
    "or a real RabbitMQ (--broker amqp://...)"
)


def _named(channel: Channel, name: str) -> str:
    """An empty name means the queue that this channel declared last."""
    if name:
        return name
    if not channel.last_queue:
        raise AmqpError(404, "no previously declared queue")
    return channel.last_queue


def _stripped(name: str) -> str:
    return name.replace("\n", "").replace("\r", "")


# ---------------------------------------------------------------------- exchanges


def exchange_declare(channel: Channel, method: Method) -> Method | None:
    name = _stripped(method.exchange)
    if method.passive:
        if not name:
            raise access_refused("operation not permitted on the default exchange")
        channel.vhost.exchange(name)
    else:
        channel.vhost.declare_exchange(
            name,
            method.type,
            durable=method.durable,
            auto_delete=method.auto_delete,
            internal=method.internal,
            arguments=method.arguments,
        )
    return None if method.nowait else Exchange.DeclareOk()


def exchange_delete(channel: Channel, method: Method) -> Method | None:
    channel.vhost.delete_exchange(_stripped(method.exchange), if_unused=method.if_unused)
    return None if method.nowait else Exchange.DeleteOk()


def exchange_bind(channel: Channel, method: Method) -> Method | None:
    source, destination = _stripped(method.source), _stripped(method.destination)
    channel.vhost.bind(source, "exchange", destination, method.routing_key, method.arguments, channel.connection)
    return None if method.nowait else Exchange.BindOk()


def exchange_unbind(channel: Channel, method: Method) -> Method | None:
    source, destination = _stripped(method.source), _stripped(method.destination)
    channel.vhost.unbind(source, "exchange", destination, method.routing_key, method.arguments, channel.connection)
    return None if method.nowait else Exchange.UnbindOk()


# ---------------------------------------------------------------------- queues


def queue_declare(channel: Channel, method: Method) -> Method | None:
    name = _stripped(method.queue)
    if name.startswith(REPLY_TO_QUEUE):
        if not channel.hub.is_reply_queue(name):
            raise not_found("queue", name, channel.vhost.name)
        channel.last_queue = name
        return None if method.nowait else Queue.DeclareOk(name, 0, 1)
    queue = channel.vhost.queue(name, channel.connection) if method.passive else _declare(channel, name, method)
    channel.hub.used(queue)
    channel.last_queue = queue.name
    if method.nowait:
        return None
    return Queue.DeclareOk(queue.name, len(queue), len(queue.consumers))


def _declare(channel: Channel, name: str, method: Method) -> MessageQueue:
    if name.startswith("amq."):
        raise access_refused(f"queue name '{name}' contains reserved prefix 'amq.*'")
    queue = channel.vhost.declare_queue(
        name or f"amq.gen-{secrets.token_urlsafe(16)}",
        durable=method.durable,
        auto_delete=method.auto_delete,
        owner=channel.connection if method.exclusive else None,
        arguments=method.arguments,
    )
    if method.exclusive:
        channel.connection.exclusive_queues[queue] = None
    return queue


def queue_bind(channel: Channel, method: Method) -> Method | None:
    name, key = _binding(channel, method)
    exchange = _stripped(method.exchange)
    channel.vhost.bind(exchange, "queue", name, key, method.arguments, channel.connection)
    return None if method.nowait else Queue.BindOk()


def queue_unbind(channel: Channel, method: Method) -> Method | None:
    name, key = _binding(channel, method)
    exchange = _stripped(method.exchange)
    channel.vhost.unbind(exchange, "queue", name, key, method.arguments, channel.connection)
    return Queue.UnbindOk()


def _binding(channel: Channel, method: Method) -> tuple[str, str]:
    """Queue and routing key; where both are empty, both are the queue declared last."""
    name = _stripped(_named(channel, method.queue))
    if not method.queue and not method.routing_key:
        return name, name
    return name, method.routing_key


def queue_purge(channel: Channel, method: Method) -> Method | None:
    count = channel.vhost.queue(_named(channel, method.queue), channel.connection).purge()
    return None if method.nowait else Queue.PurgeOk(count)


def queue_delete(channel: Channel, method: Method) -> Method | None:
    name = _stripped(_named(channel, method.queue))
    count = 0
    if name in channel.vhost.queues:
        queue = channel.vhost.queue(name, channel.connection)
        what = resource("queue", name, channel.vhost.name)
        if method.if_empty and len(queue):
            raise precondition_failed(f"{what} not empty")
        if method.if_unused and queue.consumers:
            raise precondition_failed(f"{what} in use")
        count = len(queue)
        channel.vhost.remove_queue(queue)
    return None if method.nowait else Queue.DeleteOk(count)


# ---------------------------------------------------------------------- consuming


def basic_qos(channel: Channel, method: Method) -> Method | None:
    if method.prefetch_size:
        raise not_implemented(f"prefetch_size!=0 ({method.prefetch_size})")
    was_full = bool(channel.limit) and channel.volume >= channel.limit
    if not method.global_qos:
        channel.prefetch = method.prefetch_count
        channel.limit = 0
    elif not channel.limit:
        channel.limit, channel.volume = method.prefetch_count, len(channel.unacked)
    else:
        channel.limit = method.prefetch_count
    channel.send(Basic.QosOk())
    if was_full and channel.has_room():
        channel.wake_consumers()
    return None


def basic_consume(channel: Channel, method: Method) -> Method | None:
    tag, name = method.consumer_tag, _named(channel, method.queue)
    if tag in channel.consumers:
        raise not_allowed(f"attempt to reuse consumer tag '{tag}'")
    tag = tag or f"amq.ctag-{secrets.token_urlsafe(16)}"
    if name == REPLY_TO_QUEUE:
        return _consume_replies(channel, method, tag)
    queue = channel.vhost.queue(name, channel.connection)
    check_consumer_arguments(name, channel.vhost.name, method.arguments)
    if any(consumer.exclusive for consumer in queue.consumers) or (method.exclusive and queue.consumers):
        raise access_refused(f"{resource('queue', name, channel.vhost.name)} in exclusive use")
    consumer = Consumer(
        channel,
        queue,
        tag,
        codec.deliver_prefix(tag),
        no_ack=method.no_ack,
        exclusive=method.exclusive,
        prefetch=channel.prefetch,
    )
    channel.consumers[tag] = consumer
    if not method.nowait:
        channel.send(Basic.ConsumeOk(tag))
    queue.add_consumer(consumer)
    return None


def _consume_replies(channel: Channel, method: Method, tag: str) -> Method | None:
    if not method.no_ack:
        raise precondition_failed("reply consumer cannot acknowledge")
    if channel.reply_consumer is not None:
        raise precondition_failed("reply consumer already set")
    channel.reply_consumer = (tag, channel.hub.new_reply_token(channel))
    return None if method.nowait else Basic.ConsumeOk(tag)


def basic_cancel(channel: Channel, method: Method) -> Method | None:
    tag = method.consumer_tag
    if not method.nowait:
        channel.send(Basic.CancelOk(tag))
    if channel.reply_consumer is not None and channel.reply_consumer[0] == tag:
        channel.hub.forget_replies(channel)
        return None
    consumer = channel.consumers.pop(tag, None)
    if consumer is not None:
        consumer.queue.remove_consumer(consumer)
        channel.hub.unused(consumer.queue)
    return None


def basic_get(channel: Channel, method: Method) -> Method | None:
    queue = channel.vhost.queue(_named(channel, method.queue), channel.connection)
    channel.hub.used(queue)
    entry = queue.get()
    if entry is None:
        return Basic.GetEmpty()
    channel.hand_out(queue, entry, no_ack=method.no_ack)
    return None


def basic_ack(channel: Channel, method: Method) -> Method | None:
    channel.ack(method.delivery_tag, method.multiple)
    return None


def basic_nack(channel: Channel, method: Method) -> Method | None:
    channel.reject(method.delivery_tag, multiple=method.multiple, requeue=method.requeue)
    return None


def basic_reject(channel: Channel, method: Method) -> Method | None:
    channel.reject(method.delivery_tag, multiple=False, requeue=method.requeue)
    return None


def basic_recover_async(channel: Channel, method: Method) -> Method | None:
    if not method.requeue:
        raise not_implemented("requeue=false")
    entries, channel.unacked = list(channel.unacked.values()), {}
    channel.give_back(entries, requeue=True)
    return None


def basic_recover(channel: Channel, method: Method) -> Method | None:
    basic_recover_async(channel, method)
    return Basic.RecoverOk()


# ---------------------------------------------------------------------- the rest


def confirm_select(channel: Channel, method: Method) -> Method | None:
    channel.confirming = True
    return None if method.nowait else Confirm.SelectOk()


def channel_flow(channel: Channel, method: Method) -> Method | None:
    if not method.active:
        raise not_implemented("active=false")
    return ChannelMethods.FlowOk(True)


def access_request(channel: Channel, method: Method) -> Method | None:
    return Access.RequestOk(1)


def no_transactions(channel: Channel, method: Method) -> Method | None:
    raise not_implemented(_NO_TRANSACTIONS)


HANDLERS: dict[int, Handler] = {
    Exchange.Declare.INDEX: exchange_declare,
    Exchange.Delete.INDEX: exchange_delete,
    Exchange.Bind.INDEX: exchange_bind,
    Exchange.Unbind.INDEX: exchange_unbind,
    Queue.Declare.INDEX: queue_declare,
    Queue.Bind.INDEX: queue_bind,
    Queue.Unbind.INDEX: queue_unbind,
    Queue.Purge.INDEX: queue_purge,
    Queue.Delete.INDEX: queue_delete,
    Basic.Qos.INDEX: basic_qos,
    Basic.Consume.INDEX: basic_consume,
    Basic.Cancel.INDEX: basic_cancel,
    Basic.Get.INDEX: basic_get,
    Basic.Ack.INDEX: basic_ack,
    Basic.Nack.INDEX: basic_nack,
    Basic.Reject.INDEX: basic_reject,
    Basic.RecoverAsync.INDEX: basic_recover_async,
    Basic.Recover.INDEX: basic_recover,
    Confirm.Select.INDEX: confirm_select,
    ChannelMethods.Flow.INDEX: channel_flow,
    Access.Request.INDEX: access_request,
    Tx.Select.INDEX: no_transactions,
    Tx.Commit.INDEX: no_transactions,
    Tx.Rollback.INDEX: no_transactions,
}


def handle(channel: Channel, method: Method) -> None:
    """Do what an open channel is asked for. Raises AmqpError."""
    handler = HANDLERS.get(codec.method_index_of(method))
    if handler is None:
        raise AmqpError(503, "unimplemented method")
    reply = handler(channel, method)
    if reply is not None:
        channel.send(reply)
