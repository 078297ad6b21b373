"""Well-known providers on loopback: one server answers for every host, with keys of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from py_identity_model.providers import Provider
from py_identity_model.testing import EmbeddedProvider
from py_identity_model.testing.wire import Answer, Received
from tests.support import published

DOCUMENTS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "providers" / "documents.json").read_text("utf-8")
)


def page(url: str) -> str:
    """Return the path at which the server on loopback has what is at ``url``."""
    parts = urlsplit(url)
    return f"/{parts.netloc}{parts.path}"


class World:
    """Answers at the addresses of presets, through a client that is led here."""

    def __init__(self, server: EmbeddedProvider) -> None:
        self.server = server
        self.pages: dict[str, Answer] = {}
        server.intercept = lambda received: self.pages.get(received.path)

    def add(self, preset: Provider, **document: Any) -> None:
        """Serve the document of ``preset``, if it has one, and its keys."""
        keys = preset.jwks_uri
        if keys is None and preset.document_address is not None:
            known = DOCUMENTS.get(preset.name, {"issuer": preset.issuer})
            if known["issuer"] != preset.issuer:
                known = {"issuer": preset.issuer}
            usual = {
                "jwks_uri": f"{preset.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            document = usual | known | document
            keys = document["jwks_uri"]
            self.pages[page(preset.document_address)] = Answer.of_json(document)
        if keys is not None:
            self.add_keys(keys)

    def add_keys(self, url: str) -> None:
        """Serve the server's keys at ``url``."""
        self.pages[page(url)] = Answer.of_json({"keys": published(self.server)})

    def add_pem(self, url: str, algorithm: str = "ES256") -> None:
        """Serve the server's key for ``algorithm`` at ``url``, as PEM."""
        native: Any = self.server._keys[algorithm].public_key
        pem = native.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.pages[page(url)] = Answer(200, pem, {"content-type": "application/octet-stream"})

    def asked(self, url: str) -> list[Received]:
        """Return the requests that came for ``url``."""
        return [one for one in self.server.requests if one.path == page(url)]
