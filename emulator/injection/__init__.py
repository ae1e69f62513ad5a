"""Where the rules of `core/faults.py` take effect inside of Gatepost: in the server, on messages, in its own broker."""
