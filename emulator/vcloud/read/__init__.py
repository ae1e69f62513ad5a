"""What clients send, read into what the engine takes. Everything here raises Malformed, which names the field."""
