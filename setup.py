"""Names the packages, which pyproject.toml alone cannot find: their folders are called otherwise."""

from setuptools import find_packages, setup

FOLDERS = {"gatepost": "emulator", "gatepost.conformance": "conformance", "gatepost.features": "features"}

PARTS = [(root, part) for root, folder in FOLDERS.items() for part in ("", *find_packages(folder))]

setup(py_modules=["gatepost_pytest"], packages=[f"{root}.{part}" if part else root for root, part in PARTS])
