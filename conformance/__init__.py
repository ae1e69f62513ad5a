"""The conformance harness: judges any connector as a black box, by what crosses the wire."""
