# Generated from aio/registration.py by scripts/make_sync.py; edit that file.
"""Registration of clients, and its management."""

from __future__ import annotations

from .._protocol.registration import (
    DELETE,
    READ,
    REGISTER,
    UPDATE,
    ClientDeleteRequest,
    ClientDeleteResponse,
    ClientReadRequest,
    ClientRegistrationRequest,
    ClientRegistrationResponse,
    ClientUpdateRequest,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import HTTPClient


def register_client(
    request: ClientRegistrationRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ClientRegistrationResponse:
    """Register a client.

    :param request: the client's metadata
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 7591 §3.

    Example::

        response = register_client(
            ClientRegistrationRequest("https://op.example/register", ["https://rp.example/cb"])
        )
    """
    return ask(REGISTER, request, http_client, settings)


def read_client(
    request: ClientReadRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ClientRegistrationResponse:
    """Read a client's registration.

    :param request: the registration, and its access token
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 7592 §2.1.

    Example::

        response = read_client(ClientReadRequest(registration_uri, registration_token))
    """
    return ask(READ, request, http_client, settings)


def update_client(
    request: ClientUpdateRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ClientRegistrationResponse:
    """Replace a client's registration.

    :param request: the registration, its access token, and the new metadata
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 7592 §2.2.

    Example::

        response = update_client(
            ClientUpdateRequest(
                registration_uri, registration_token, "client-1", ["https://rp.example/new"]
            )
        )
    """
    return ask(UPDATE, request, http_client, settings)


def delete_client(
    request: ClientDeleteRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ClientDeleteResponse:
    """Delete a client's registration.

    :param request: the registration, and its access token
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 7592 §2.3.

    Example::

        response = delete_client(ClientDeleteRequest(registration_uri, registration_token))
    """
    return ask(DELETE, request, http_client, settings)
