# Generated from aio/jarm.py by scripts/make_sync.py; edit that file.
"""Authorization responses that are signed tokens (JARM)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .._jose.jwk import DecryptionKeys, JsonWebKey
from .._protocol.callback import AuthorizeCallbackResponse
from .._protocol.discovery import DiscoveryDocumentRequest
from .._protocol.jarm import JarmCheck, extract_jarm_response_jwt
from .._protocol.jwks import JwksRequest, JwksResponse
from .._settings import Settings
from .._validation.config import check_leeway, unavailable_error
from .._wire.discovery_policy import DiscoveryPolicy
from ..exceptions import ConfigurationException
from ._transport.http import HTTPClient
from ._transport.opening import unwrap_keys
from .discovery import get_discovery_document
from .jwks import get_jwks


def process_jarm_response(
    response: str,
    *,
    client_id: str,
    disco_doc_address: str | None = None,
    issuer: str | None = None,
    jwks: JwksResponse | None = None,
    algorithms: list[str] | None = None,
    require_https: bool = True,
    leeway: float = 0,
    http_client: HTTPClient | None = None,
    is_jwt: bool = False,
    decryption_keys: DecryptionKeys | None = None,
    client_secret: str | None = None,
    settings: Settings | None = None,
) -> AuthorizeCallbackResponse:
    """Return the verified content of a signed authorization response.

    :param response: the redirect's URL, or with ``is_jwt`` the token in it
    :param client_id: the client's identifier
    :param disco_doc_address: the source of ``issuer``, ``jwks`` and ``algorithms`` that are not
        given, fetched at each call
    :param issuer: the provider's issuer
    :param jwks: the provider's keys
    :param algorithms: an allow-list of signature algorithms
    :param require_https: refuse plain http
    :param leeway: tolerance of clocks, in seconds
    :param http_client: used instead of this worker's own
    :param is_jwt: whether ``response`` is the token itself
    :param decryption_keys: private JWKs or PEM; the response must then be encrypted
    :param client_secret: the same for symmetric algorithms
    :param settings: settings for this call

    The ``state`` still has to be compared.

    Raises :class:`JarmValidationException` for a response that is refused,
    :class:`SignatureVerificationException`, :class:`InvalidIssuerException`,
    :class:`InvalidAudienceException` or :class:`TokenExpiredException` for its signature and
    claims, and :class:`ConfigurationException` for missing arguments.  JARM §2.4.

    Example::

        callback = process_jarm_response(
            str(request.url), client_id="web", disco_doc_address="https://op.example"
        )
    """
    check_leeway(leeway)
    token = response if is_jwt else extract_jarm_response_jwt(response)
    given = KnownProvider(issuer, None if jwks is None else jwks.keys, algorithms)
    if None in given:
        policy = DiscoveryPolicy(require_https=require_https)
        given = _complete(given, disco_doc_address, policy, http_client, settings)
    check = JarmCheck(
        client_id,
        given.issuer or "",
        given.keys or (),
        given.algorithms,
        leeway,
        unwrap_keys(token, decryption_keys),
        client_secret,
    )
    return check.read(token)


class KnownProvider(NamedTuple):
    """The known facts about the provider."""

    issuer: str | None
    keys: Sequence[JsonWebKey] | None
    algorithms: Sequence[str] | None


def _complete(
    given: KnownProvider,
    disco_doc_address: str | None,
    policy: DiscoveryPolicy,
    http_client: HTTPClient | None,
    settings: Settings | None,
) -> KnownProvider:
    """Return the facts after fetching those that are missing."""
    if not disco_doc_address:
        raise ConfigurationException(
            "disco_doc_address is required unless issuer, jwks and algorithms are all given",
            code="missing_discovery_address",
        )
    request = DiscoveryDocumentRequest(disco_doc_address, policy)
    disco = get_discovery_document(request, http_client, settings=settings)
    if not disco.is_successful:
        raise unavailable_error(disco, "discovery_failed")
    issuer = disco.issuer if given.issuer is None else given.issuer
    supported = disco.authorization_signing_alg_values_supported
    algorithms = supported if given.algorithms is None else given.algorithms
    if given.keys is not None:
        return KnownProvider(issuer, given.keys, algorithms)
    wanted = JwksRequest(disco.jwks_uri or "", policy)
    fetched = get_jwks(wanted, http_client, settings=settings)
    if not fetched.is_successful:
        raise unavailable_error(fetched, "jwks_failed")
    return KnownProvider(issuer, fetched.keys, algorithms)
