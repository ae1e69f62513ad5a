"""Names the packages, which pyproject.toml alone cannot find: the folder is called emulator/, the package gatepost."""

from setuptools import find_packages, setup

setup(packages=["gatepost", *(f"gatepost.{name}" for name in find_packages("emulator"))])
