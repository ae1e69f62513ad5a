"""`python -m gatepost.cli`."""

from gatepost.cli import main

main()
