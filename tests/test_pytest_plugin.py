"""The pytest plugin, as a user's own project has it."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

NO_CACHE = ("-p", "no:cacheprovider")


def test_the_fixture_is_a_cloud_of_ones_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys
        import urllib.request
        import pytest

        def test_nothing_is_imported_until_it_is_asked_for():
            assert "gatepost" not in sys.modules

        def test_one(gatepost):
            gatepost.request("instantiate", name="web").hold.resume()
            assert urllib.request.urlopen(gatepost.url + "/api/versions").status == 200

        def test_another_knows_nothing_of_it(gatepost):
            assert gatepost.holds == []

        @pytest.mark.gatepost(clock="manual", seed=7)
        class TestMarked:
            def test_options(self, gatepost):
                assert (gatepost.clock.mode, gatepost.info()["seed"]) == ("manual", 7)

            @pytest.mark.gatepost(seed=8)
            def test_the_nearest_mark_counts(self, gatepost):
                assert (gatepost.clock.mode, gatepost.info()["seed"]) == ("manual", 8)
        """
    )
    run = pytester.runpytest_subprocess("-W", "error", "--strict-markers", *NO_CACHE)
    run.assert_outcomes(passed=5)


def test_side_by_side_under_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_worlds(gatepost, number):
            assert gatepost.request("instantiate", name="web").hold.name == "web"
        """
    )
    pytester.runpytest_subprocess("-n", "2", *NO_CACHE).assert_outcomes(passed=6)


def test_a_failure_shows_the_journal_and_a_wrong_mark_what_is_wrong(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_it(gatepost):
            gatepost.request("instantiate", name="web")
            gatepost.expect(kind="amqp.publish", routing_key="*blockingtask.create*")
            gatepost.expect(kind="never", within=0)

        @pytest.mark.gatepost("manual")
        def test_mark(gatepost): ...
        """
    )
    run = pytester.runpytest_subprocess(*NO_CACHE)
    run.assert_outcomes(failed=1, errors=1)
    run.stdout.fnmatch_lines(["*takes named arguments*"])
    run.stdout.fnmatch_lines(
        ["*expected 1 like kind=never*", "*Gatepost's journal*", "#* amqp.publish systemExchange *"]
    )
