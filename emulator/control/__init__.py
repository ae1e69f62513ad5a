"""Gatepost's own API below /gatepost: look at the emulated cloud, and move it."""
