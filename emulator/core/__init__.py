"""The engine: one world of objects, tasks and holds, and the clock that moves it.

Nothing here knows HTTP, XML or AMQP. The dialects translate the engine; the engine never imports them.
"""
