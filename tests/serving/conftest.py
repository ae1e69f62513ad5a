"""Both servers behind one fixture, for the contract that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

import pytest

from gatepost.serving import HttpServer
from gatepost.serving.granian import GranianServer
from gatepost.serving.threaded import ThreadedServer
from gatepost.serving.tls import Certificate, issue_certificate
from tests.support.raw_http import hello

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Serving(Protocol):
    def __call__(self, app: WSGIApplication) -> AbstractContextManager[HttpServer]: ...


class Switch:
    """An application that is the one that the test at hand wants."""

    def __init__(self) -> None:
        self.app: WSGIApplication = hello

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


@contextmanager
def granian_serving(certificate: Certificate | None = None) -> Iterator[Serving]:
    """One server for all tests, since its stop is made for a process that ends with it."""
    switch = Switch()
    server = GranianServer(switch, certificate=certificate)
    server.start()

    @contextmanager
    def serving(app: WSGIApplication) -> Iterator[HttpServer]:
        switch.app = app
        yield server

    yield serving
    server.stop()


@contextmanager
def threaded_serving(certificate: Certificate | None = None) -> Iterator[Serving]:
    @contextmanager
    def serving(app: WSGIApplication) -> Iterator[HttpServer]:
        server = ThreadedServer(app, certificate=certificate)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    yield serving


@pytest.fixture(scope="session", params=[granian_serving, threaded_serving], ids=["granian", "threaded"])
def serving(request: pytest.FixtureRequest) -> Iterator[Serving]:
    """`with serving(app) as server`, under each of the servers."""
    with request.param() as made:
        yield made


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return issue_certificate(["127.0.0.1", "localhost"], tmp_path_factory.mktemp("tls") / "made")


@pytest.fixture(scope="session", params=[granian_serving, threaded_serving], ids=["granian", "threaded"])
def serving_tls(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[Serving]:
    with request.param(certificate) as made:
        yield made
