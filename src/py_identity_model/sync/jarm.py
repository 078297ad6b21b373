# Generated from aio/jarm.py by scripts/make_sync.py; edit that file.
"""Read authorization responses that are signed tokens."""

from __future__ import annotations

from collections.abc import Sequence

from .._jose.sign import PrivateKey
from .._protocol.callback import AuthorizeCallbackResponse
from .._protocol.discovery import DiscoveryDocumentRequest
from .._protocol.jarm import JarmCheck, extract_jarm_response_jwt
from .._protocol.jwks import JwksRequest, JwksResponse
from .._protocol.policy import DiscoveryPolicy
from .._protocol.token_validation import check_leeway, unavailable
from .._settings import Settings
from ..exceptions import ConfigurationException
from .discovery import get_discovery_document
from .http import HTTPClient
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
    decryption_keys: Sequence[PrivateKey] | None = None,
    client_secret: str | None = None,
    settings: Settings | None = None,
) -> AuthorizeCallbackResponse:
    """Return what a signed authorization response says, once it was verified.

    ``response`` is the redirect's URL, or with ``is_jwt`` the token in it.  What is not given of
    ``issuer``, ``jwks`` and ``algorithms`` is fetched from ``disco_doc_address``, each time.
    ``leeway`` is the tolerance of clocks in seconds.  With ``decryption_keys`` (private JWKs or
    PEM; ``client_secret`` for symmetric algorithms) the response must be encrypted.  The
    ``state`` still has to be compared.

    Raises :class:`JarmValidationException` for a response that is refused,
    :class:`SignatureVerificationException`, :class:`InvalidIssuerException`,
    :class:`InvalidAudienceException` or :class:`TokenExpiredException` for what it says, and
    :class:`ConfigurationException` for missing arguments.  JARM §2.4.

    Example::

        callback = process_jarm_response(
            str(request.url), client_id="web", disco_doc_address="https://op.example"
        )
    """
    check_leeway(leeway)
    token = response if is_jwt else extract_jarm_response_jwt(response)
    keys = None if jwks is None else jwks.keys
    if issuer is None or keys is None or algorithms is None:
        if not disco_doc_address:
            raise ConfigurationException(
                "disco_doc_address is required unless issuer, jwks and algorithms are all given",
                code="missing_discovery_address",
            )
        policy = DiscoveryPolicy(require_https=require_https)
        disco = get_discovery_document(
            DiscoveryDocumentRequest(disco_doc_address, policy), http_client, settings=settings
        )
        if not disco.is_successful:
            raise unavailable(disco, "discovery_failed")
        issuer = disco.issuer if issuer is None else issuer
        if algorithms is None:
            algorithms = disco.authorization_signing_alg_values_supported
        if keys is None:
            fetched = get_jwks(
                JwksRequest(disco.jwks_uri or "", policy), http_client, settings=settings
            )
            if not fetched.is_successful:
                raise unavailable(fetched, "jwks_failed")
            keys = fetched.keys
    check = JarmCheck(
        client_id,
        issuer or "",
        keys or (),
        algorithms,
        leeway,
        decryption_keys,
        client_secret,
    )
    return check.read(token)
