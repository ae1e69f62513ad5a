"""Names the packages, which pyproject.toml alone cannot find: their folders are called otherwise."""

from setuptools import find_packages, setup

FOLDERS = {"gatepost": "emulator", "gatepost.conformance": "conformance", "gatepost.features": "features"}

PACKAGES = [
    name for root, folder in FOLDERS.items() for name in (root, *(f"{root}.{sub}" for sub in find_packages(folder)))
]

setup(packages=PACKAGES)
