"""What pytest loads wherever Gatepost is installed: nothing, until somebody runs the suite."""

from __future__ import annotations

import pytest

SUITE = "gatepost.conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    # The options of the suite, and pytest-bdd with it, are of no concern to any other run.
    if any(word.startswith(f"{SUITE}.suite") for word in args):
        try:
            early_config.pluginmanager.import_plugin(f"{SUITE}.plugin")
        except ModuleNotFoundError as error:
            raise pytest.UsageError(
                f"the suite needs the package {error.name}, which is not here: pip install 'gatepost[conformance]'"
            ) from None
