"""Telling the outside world: the outbox, and the AMQP publisher that empties it."""
