"""Discovery of issuers from identifiers of users."""

from __future__ import annotations

from .._protocol.webfinger import ENDPOINT, WebFingerRequest, WebFingerResponse
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def discover_issuer(
    request: WebFingerRequest | str,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> WebFingerResponse:
    """Ask the host of an identifier for the user's issuer.

    The issuer is an unverified statement of a host that a stranger named: discover it, and let the
    user log in there, before granting anything.

    :param request: the user's input, or a :class:`WebFingerRequest` of it
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Returns the response; nothing is raised: a failed one says why in ``error`` and
    ``error_kind``.  OpenID Connect Discovery §2, RFC 7033.

    Example::

        found = await discover_issuer("joe@example.com")
        if found.is_successful:
            print(found.issuer)
    """
    asked = WebFingerRequest(request) if isinstance(request, str) else request
    return await ask(ENDPOINT, asked, http_client, settings)
