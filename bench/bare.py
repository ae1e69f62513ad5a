"""A process with one Flask route that renders a given document, XML or JSON, on the server that the cloud runs on.

The yardstick: what any Flask program would pay for that answer, without a cloud behind it.
"""

from __future__ import annotations

import json
import sys
import time

from flask import Flask, Response
from lxml import etree

from bench.child import serve
from gatepost.cli.serve import tune
from gatepost.serving.granian import GranianServer

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def make_app(document: str, content_type: str) -> Flask:
    """The route builds the document anew for each request, from plain tuples; children only, no grandchildren."""
    like = etree.fromstring(document.encode())
    tag, attributes, nsmap = like.tag, dict(like.attrib), like.nsmap
    parts = [(child.tag, dict(child.attrib), child.text) for child in like]
    app = Flask("bare", static_folder=None)

    @app.get("/api/task/<id>")
    def task(id: str) -> Response:
        root = etree.Element(tag, attributes, nsmap=nsmap)
        for name, values, text in parts:
            etree.SubElement(root, name, values).text = text
        return Response(DECLARATION + etree.tostring(root, encoding="UTF-8"), content_type=content_type)

    return app


def make_json_app(document: str, content_type: str) -> Flask:
    """The same for JSON, at any path."""
    value = json.loads(document)
    app = Flask("bare", static_folder=None)

    @app.get("/<path:path>")
    def any_path(path: str) -> Response:
        return Response(json.dumps(value, ensure_ascii=False), content_type=content_type)

    return app


def main(document: str, content_type: str) -> None:
    make = make_json_app if document.startswith("{") else make_app
    server = GranianServer(make(document, content_type).wsgi_app)
    server.start()
    tune()
    serve(server.port, {"cpu": time.process_time})
    server.stop()


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
