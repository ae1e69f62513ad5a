"""The vCloud family."""

from pytest_bdd import scenarios

from gatepost.conformance.catalogue import folder

scenarios(str(folder() / "vcloud"))
