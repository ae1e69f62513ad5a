"""What Abiquo's wires tell about a connector: one room for each question that a scenario asks."""

from gatepost.conformance.abiquo.asks import Ask, Call, ask, ask_at_once, ask_later, next_is_decided, settle_rest

__all__ = ["Ask", "Call", "ask", "ask_at_once", "ask_later", "next_is_decided", "settle_rest"]
