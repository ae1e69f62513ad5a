"""The client of this project's tests for the control API: holds every answer against the API's general form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from gatepost import Gatepost


@dataclass(frozen=True)
class Answer:
    request: str
    status: int
    headers: httpx.Headers
    json: Any

    @property
    def error(self) -> str:
        """The text of a refusal. Raises AssertionError when it is none."""
        assert self.status >= 400, self
        text = self.json["error"]
        assert isinstance(text, str)
        return text


class ControlClient:
    """Paths begin behind /gatepost. `headers` go out with every request."""

    def __init__(self, world: Gatepost, headers: Mapping[str, str] | None = None, host: str = "127.0.0.1") -> None:
        self._http = httpx.Client(
            base_url=f"http://{host}:{world.port}/gatepost", headers=headers, timeout=30, trust_env=False, verify=False
        )

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, query: Mapping[str, str | float] | None = None
    ) -> Answer:
        return self._request("GET", path, headers=headers, params=query)

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        return self._request("POST", path, headers=headers, content=_content(body))

    def put(self, path: str, body: object = None) -> Answer:
        return self._request("PUT", path, content=_content(body))

    def patch(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        return self._request("PATCH", path, headers=headers, content=_content(body))

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self._request(method, path, headers=headers)

    def _request(self, method: str, path: str, **options: Any) -> Answer:
        response = self._http.request(method, path, **options)
        shown = f"{method} {path} -> {response.status_code}\n{response.text}"
        assert response.status_code < 500 or response.status_code == 503, shown
        assert response.headers["content-type"] == "application/json", shown
        assert "access-control-allow-origin" not in response.headers, shown
        value = json.loads(response.content)
        if response.status_code >= 400:
            assert set(value) == {"error"}, shown
        return Answer(f"{method} {path}", response.status_code, response.headers, value)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _content(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return json.dumps(body).encode()
