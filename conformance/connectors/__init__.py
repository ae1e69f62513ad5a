"""Reference connectors, to be copied, and the defective ones that prove that the suite bites."""
