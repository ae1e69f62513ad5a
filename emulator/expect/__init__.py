"""Waiting checks: is there an entry like this in the journal, or will there be in time? Else what comes nearest."""

from gatepost.expect.like import InvalidLike, Like, parse_like
from gatepost.expect.look import Nearest, NotSeen, Outcome, expect

__all__ = ["InvalidLike", "Like", "Nearest", "NotSeen", "Outcome", "expect", "parse_like"]
