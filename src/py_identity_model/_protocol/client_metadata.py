"""Clients identified by the URL of their metadata (Client ID Metadata Documents)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .._wire.arguments import parts_of
from .._wire.urls import is_loopback
from ..exceptions import InvalidArgumentError
from .client_metadata_fields import ClientMetadata, check_public, members_of

_SECRETS = ("client_secret", "client_secret_expires_at")


def build_client_id_metadata(
    client_id: str,
    redirect_uris: Sequence[str],
    client_metadata: ClientMetadata | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """Return the metadata document to be served, as JSON, at the URL ``client_id``.

    :param client_id: the URL of the document
    :param redirect_uris: the client's redirect URIs
    :param client_metadata: further members by their registered names (RFC 7591 §2)
    :param metadata: the same, as keyword arguments, which take precedence

    The client is public (``token_endpoint_auth_method`` ``none``) unless a member says
    ``private_key_jwt``.  Raises :class:`InvalidArgumentError` (a ``ValueError``) for a URL or
    member that is not allowed.  OAuth Client ID Metadata Document (an IETF draft) §3 and §4.

    Example::

        build_client_id_metadata(
            "https://app.example/client.json",
            ["https://app.example/cb"],
            client_name="My app",
        )
    """
    _check_url(client_id)
    said = {} if client_metadata is None else members_of(client_metadata)
    metadata = {**said, **metadata}
    check_public(metadata.get("jwks"))
    method = metadata.setdefault("token_endpoint_auth_method", "none")
    if any(name in metadata for name in _SECRETS) or str(method).startswith("client_secret"):
        raise InvalidArgumentError(
            "a published document cannot hold a secret: use none or private_key_jwt"
        )
    if not redirect_uris or isinstance(redirect_uris, str):
        raise InvalidArgumentError("redirect_uris must be a non-empty list")
    return {**metadata, "client_id": client_id, "redirect_uris": list(redirect_uris)}


def client_id_metadata_response(
    document: dict[str, Any], max_age: int = 3600
) -> tuple[dict[str, str], bytes]:
    """Return the header fields and the body that serve a client's document.

    Providers may cache it for ``max_age`` seconds.  OAuth Client ID Metadata Document §4.

    Example::

        document = build_client_id_metadata("https://app.example/c", ["https://app.example/cb"])
        headers, body = client_id_metadata_response(document)
    """
    headers = {"Content-Type": "application/json", "Cache-Control": f"max-age={max_age}"}
    try:
        return headers, json.dumps(document).encode()
    except (RecursionError, TypeError, ValueError):
        raise InvalidArgumentError("document must be a JSON object") from None


def _check_url(client_id: str) -> None:
    parts = parts_of("client_id", client_id)
    dots = {".", ".."} & {*parts.path.split("/")}
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not safe or not parts.hostname or not parts.path.strip("/") or dots:
        raise InvalidArgumentError("client_id must be an https URL with a path (http on loopback)")
    if "#" in client_id or parts.username is not None or parts.password is not None:
        raise InvalidArgumentError("client_id must have neither a fragment nor credentials")
