"""What vCloud's wires tell about a connector: one room for each question that a scenario asks."""

from gatepost.conformance.vcloud.asks import Ask, Call, ask, ask_later, decisions_of, next_is_decided, settle_rest

__all__ = ["Ask", "Call", "ask", "ask_later", "decisions_of", "next_is_decided", "settle_rest"]
