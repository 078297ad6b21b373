"""Verify access tokens, request by request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from time import time
from typing import Any

from .._jose.encryption import is_encrypted
from .._jose.jwk import PrivateKey
from .._jose.tokens import header_members
from .._protocol.mtls import validate_certificate_binding
from .._protocol.policy import DiscoveryPolicy
from .._protocol.replay import MemoryReplayStore, ReplayStore
from .._protocol.server_nonces import DPoPNonces
from .._protocol.token_validation import TokenValidationConfig, opened
from .._protocol.trusted_issuer import TrustedIssuer, unknown_issuer, unverified_issuer
from .._protocol.verified_access_token import (
    Binding,
    Demands,
    Profile,
    VerifiedAccessToken,
    scopes_of,
)
from .._seam.aio import call
from .._settings import Settings
from ..exceptions import (
    AccessTokenRefusedException,
    ConfigurationException,
    InvalidArgumentError,
    TokenValidationException,
)
from .dpop import verify_dpop_proof
from .http import AsyncHTTPClient
from .opaque_tokens import AsyncOpaqueTokens
from .token_validation import validate_token

_MOST_HEADERS = 256

Resolver = Callable[[str], Any]
"""Returns the :class:`TrustedIssuer` of an issuer, or None."""

Issuers = str | TrustedIssuer | Sequence[str | TrustedIssuer] | Resolver


class AsyncAccessTokenVerifier:
    """Verifies access tokens: made once, used for every request, safe to share.

    ``issuers`` are those that are trusted: URLs, :class:`TrustedIssuer` objects (templates as
    well), or something to call with an issuer's name that returns one, or None.  Others are
    refused before anything is sent.  ``audience`` is this API, by one or several names.

    ``profile`` is ``rfc9068``, or ``lenient`` for issuers that do not keep to it; an ID token is
    refused either way.  ``algorithms`` is an allow-list, ``leeway`` in seconds; every token must
    have ``required_claims`` and ``required_scopes``, and please ``claims_validator``.

    ``dpop`` and ``mtls`` say whether tokens bound to a key or a certificate are ``required``,
    ``optional`` or ``refused``; a bound token is never taken without what it is bound to.
    ``replay_store`` remembers proofs (in this process, unless you give another); with
    ``dpop_nonces`` every proof must carry one of these.
    ``opaque_tokens`` says how tokens that are no JWT are asked about; without it they are
    refused.  ``decryption_keys`` open encrypted tokens.  ``realm`` and ``resource_metadata``
    appear in challenges.  ``http_client``, ``discovery_policy`` and ``settings`` are those of
    :func:`validate_token`.

    RFC 6750, RFC 8725, RFC 9068, RFC 9449 §7, RFC 8705 §3, RFC 9470, RFC 9728.

    Example::

        verifier = AsyncAccessTokenVerifier("https://op.example", "api")
        token = await verifier.verify(f"Bearer {access_token}")
        print(token.subject, token.scopes)
    """

    def __init__(
        self,
        issuers: Issuers,
        audience: str | Sequence[str],
        *,
        profile: Profile = "rfc9068",
        algorithms: Sequence[str] | None = None,
        leeway: float = 0.0,
        required_claims: Sequence[str] = (),
        required_scopes: Iterable[str] = (),
        claims_validator: Callable[[dict[str, Any]], object] | None = None,
        dpop: Binding = "optional",
        mtls: Binding = "optional",
        replay_store: ReplayStore | None = None,
        dpop_nonces: DPoPNonces | None = None,
        opaque_tokens: AsyncOpaqueTokens | None = None,
        decryption_keys: PrivateKey | Sequence[PrivateKey] | None = None,
        discovery_policy: DiscoveryPolicy | None = None,
        realm: str | None = None,
        resource_metadata: str | None = None,
        http_client: AsyncHTTPClient | None = None,
        settings: Settings | None = None,
    ) -> None:
        if not audience:
            raise InvalidArgumentError("audience must be given: tokens for others are not yours")
        self._demands = Demands(
            profile, tuple(required_claims), dpop, mtls, realm, resource_metadata, leeway
        )
        self._config = TokenValidationConfig(
            perform_disco=True,
            audience=_listed(audience),
            algorithms=None if algorithms is None else list(algorithms),
            leeway=leeway,
            claims_validator=claims_validator,
            discovery_policy=discovery_policy,
            decryption_keys=decryption_keys,
        )
        self._required_scopes = frozenset(required_scopes)
        self._replay_store = MemoryReplayStore() if replay_store is None else replay_store
        self._nonces = dpop_nonces
        self._opaque_tokens = opaque_tokens
        self._http_client = http_client
        self._settings = settings
        self._resolver: Resolver | None = None
        self._issuers: tuple[TrustedIssuer, ...] = ()
        if callable(issuers) and not isinstance(issuers, TrustedIssuer):
            self._resolver = issuers
        else:
            listed = [issuers] if isinstance(issuers, (str, TrustedIssuer)) else issuers
            self._issuers = tuple(
                one if isinstance(one, TrustedIssuer) else TrustedIssuer(one) for one in listed
            )
            if not self._issuers:
                raise InvalidArgumentError("issuers must name at least one")
        self._configs: dict[str, tuple[TrustedIssuer, TokenValidationConfig]] = {}
        self._headers: set[str] = set()
        only = self._issuers[0] if len(self._issuers) == 1 else None
        self._only = None if only is None or only.is_template else only

    async def verify(
        self,
        authorization: str | None,
        *,
        method: str | None = None,
        uri: str | None = None,
        dpop: str | Sequence[str] | None = None,
        certificate: str | bytes | None = None,
        scopes: Iterable[str] = (),
        acr_values: Sequence[str] = (),
        max_age: int | None = None,
    ) -> VerifiedAccessToken:
        """Return the token of a request, if it entitles to what is asked.

        ``authorization`` is the request's header.  For tokens bound to a key pass ``method``,
        ``uri`` and the ``DPoP`` header (``dpop``); for those bound to a certificate the one of
        the TLS connection (``certificate``, PEM or DER).  This request needs ``scopes`` besides
        the verifier's own; a login by one of ``acr_values``; and one at most ``max_age`` seconds
        ago.

        Raises :class:`AccessTokenRefusedException`, which knows its HTTP answer, and
        :class:`ConfigurationException` for a verifier that cannot work.

        Example::

            try:
                token = await verifier.verify(headers.get("Authorization"), scopes=["read"])
            except AccessTokenRefusedException as error:
                print(error.status_code, error.www_authenticate)
        """
        demands = self._demands
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer" or not token:
            scheme, token = scheme.lower(), token.strip()
            if scheme not in {"bearer", "dpop"} or not token:
                raise demands.without_token()
        nonce = None
        try:
            claims = await self._claims(token)
            if scheme == "dpop" or dpop is not None or not demands.are_met_by_bearer(claims):
                nonce = await self._check_sender(
                    claims, token, scheme, method, uri, dpop, certificate
                )
        except AccessTokenRefusedException:
            raise
        except TokenValidationException as error:
            raise demands.refused(error, self._nonces, scheme) from error
        wanted = self._required_scopes.union(scopes) if scopes else self._required_scopes
        if wanted and not wanted <= scopes_of(claims):
            raise demands.without_scopes(wanted, scheme)
        if acr_values or max_age is not None:
            demands.check_authentication(claims, acr_values, max_age, time(), scheme)
        return VerifiedAccessToken(claims, token, nonce)

    async def _claims(self, token: str) -> dict[str, Any]:
        signed, config = token, self._config
        header = signed.partition(".")[0]
        fits = header in self._headers
        if not fits and token.count(".") != 2 and not is_encrypted(token):
            return await self._opaque(token)
        if config.decryption_keys is not None:
            signed, config = opened(token, config)
            header = signed.partition(".")[0]
            fits = header in self._headers
        if fits and self._only is not None:
            # The issuer is compared once the signature is verified.
            trusted, issuer = self._only, self._only.issuer
        else:
            trusted, issuer = await self._trusted(signed)
        claims = await validate_token(
            signed,
            self._config_of(trusted, issuer, config),
            trusted.disco_doc_address or issuer,
            self._http_client,
            settings=self._settings,
        )
        if trusted.is_template:
            trusted.check_bound_claim(claims)
        if not fits:
            self._demands.check_typ(header_members(signed).get("typ"))
            self._remember(header)
        self._demands.check_claims(claims)
        return claims

    def _remember(self, header: str) -> None:
        """Keep a header that fits; its token was verified, so strangers cannot fill the memory."""
        if len(self._headers) >= _MOST_HEADERS:
            self._headers.clear()
        self._headers.add(header)

    async def _trusted(self, token: str) -> tuple[TrustedIssuer, str]:
        """Return the issuer that a token names, if it is trusted, and its name."""
        issuer = unverified_issuer(token)
        if issuer is None:
            raise unknown_issuer(issuer)
        if self._resolver is not None:
            found = await call(self._resolver, issuer)
            if found is not None and not isinstance(found, TrustedIssuer):
                raise ConfigurationException("issuers must return a TrustedIssuer or None")
        else:
            found = next((one for one in self._issuers if one.matches(issuer)), None)
        if found is None or not found.matches(issuer):
            raise unknown_issuer(issuer)
        return found, issuer

    def _config_of(
        self, trusted: TrustedIssuer, issuer: str, config: TokenValidationConfig
    ) -> TokenValidationConfig:
        known = self._configs.get(issuer)
        if known is not None and (known[0] is trusted or known[0] == trusted):
            return known[1]
        own = replace(
            config,
            audience=config.audience if trusted.audience is None else _listed(trusted.audience),
            algorithms=config.algorithms
            if trusted.algorithms is None
            else list(trusted.algorithms),
            discovery_policy=trusted.discovery_policy or config.discovery_policy,
            issuer=issuer,
        )
        if len(self._configs) >= _MOST_HEADERS:
            self._configs.clear()
        self._configs[issuer] = trusted, own
        return own

    async def _opaque(self, token: str) -> dict[str, Any]:
        if self._opaque_tokens is None:
            raise TokenValidationException("The access token is no JWT", code="malformed_token")
        claims = await self._opaque_tokens.claims(token)
        self._check_opaque(claims)
        self._demands.check_required(claims)
        if self._config.claims_validator is not None:
            await call(self._config.claims_validator, claims)
        return claims

    def _check_opaque(self, claims: dict[str, Any]) -> None:
        issuer = claims.get("iss")
        known = self._resolver is not None or any(one.matches(str(issuer)) for one in self._issuers)
        if issuer is not None and not known:
            raise unknown_issuer(str(issuer))
        named, wanted = claims.get("aud"), self._config.audience
        if named is not None:
            given = {named} if isinstance(named, str) else {str(one) for one in named}
            if not given & ({wanted} if isinstance(wanted, str) else {*(wanted or ())}):
                raise TokenValidationException(
                    "Invalid audience", "payload", code="invalid_audience"
                )

    async def _check_sender(
        self,
        claims: dict[str, Any],
        token: str,
        scheme: str,
        method: str | None,
        uri: str | None,
        dpop: str | Sequence[str] | None,
        certificate: str | bytes | None,
    ) -> str | None:
        """Return the nonce that the next proof should carry, if not the one of this."""
        proofs = [dpop] if isinstance(dpop, str) else list(dpop or ())
        if len(proofs) > 1:
            raise self._demands.malformed("the request carries more than one DPoP proof", scheme)
        self._demands.check_bindings(
            claims, proof=bool(proofs), certificate=certificate is not None, scheme=scheme
        )
        newest = None
        if scheme == "dpop":
            if method is None or uri is None:
                raise ConfigurationException("verify() needs method and uri to judge a proof")
            good = None if self._nonces is None else self._nonces.good()
            proof = await verify_dpop_proof(
                proofs[0],
                method,
                uri,
                access_token=token,
                token_claims=claims,
                replay_store=self._replay_store,
                nonce=good,
            )
            newest = good[0] if good is not None and proof.claims["nonce"] != good[0] else None
        if certificate is not None and "x5t#S256" in (claims.get("cnf") or {}):
            validate_certificate_binding(claims, certificate)
        return newest


def _listed(audience: str | Sequence[str]) -> str | list[str]:
    return audience if isinstance(audience, str) else list(audience)
