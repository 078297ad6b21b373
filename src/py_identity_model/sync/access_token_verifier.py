# Generated from aio/access_token_verifier.py by scripts/make_sync.py; edit that file.
"""Verification of the access tokens of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import time
from typing import Any

from .._activities import Activity, activities
from .._jose.encryption import check_decryption_keys, is_encrypted
from .._jose.jwk import DecryptionKeys
from .._jose.tokens import header_members
from .._resource_server.access_token_policy import AccessTokenPolicy, Profile, roles_path, scopes_of
from .._resource_server.access_token_refusals import (
    AccessTokenRefusals,
    Sent,
    insufficient_scope_error,
    missing_token_error,
)
from .._resource_server.dpop_server_nonces import DPoPNonceIssuer
from .._resource_server.login_rules import LoginRules
from .._resource_server.replay import ReplayStore
from .._resource_server.token_bindings import Binding, BindingRules, BoundRequest
from .._resource_server.trusted_issuer import is_jwt
from .._resource_server.verified_access_token import TokenContext, VerifiedAccessToken
from .._settings import Settings
from .._validation.config import TokenValidationConfig
from .._validation.fetch_result import Caller
from .._wire.arguments import (
    algorithms_of,
    audience_of,
    check_callable,
    check_kind,
    check_policy,
    check_request,
    check_switches,
    is_number,
    names_of,
    scopes_from,
    seconds_of,
    with_scopes,
)
from .._wire.discovery_policy import DiscoveryPolicy
from ..exceptions import ConfigurationException, InvalidArgumentError, ProviderUnusableException
from ._transport.http import HTTPClient, check_http_client
from ._transport.opening import open_token
from .sender_check import SenderCheck
from .token_introspector import TokenIntrospector
from .token_validation import run_validator, validate
from .trusted_issuers import Issuers, TrustedIssuers

_LEEWAY = 60.0


_CALLERS_MISTAKES = (ConfigurationException, InvalidArgumentError)


class AccessTokenVerifier:
    """Verifies access tokens: created once, used for every request, safe to share.

    :param issuers: the trusted issuers: URLs, presets (``py_identity_model.providers``),
        :class:`TrustedIssuer` objects (templates as well), a sequence of any of these, or a
        callable that maps an issuer's name to one of these, or None; tokens of other issuers are
        refused before anything is sent
    :param audience: this API, by one or several names that tokens have in ``aud``; required unless
        ``client_ids``, or each preset or :class:`TrustedIssuer`, restricts the tokens; overrides
        the audience of a preset
    :param client_ids: clients whose tokens are accepted; without ``audience`` it replaces it, for
        providers whose tokens have no ``aud``
    :param profile: ``access-token`` accepts what providers use as access tokens, and refuses what
        is marked as an ID token or another kind of token; ``rfc9068`` accepts only tokens of that
        profile; ``lenient`` is an older name of the first
    :param accept_id_tokens_as_access_tokens: accepts ID tokens too, for providers whose tokens for
        an API are ID tokens
    :param algorithms: an allow-list of signature algorithms
    :param leeway: tolerance of clocks for ``exp``, ``nbf`` and ``iat``, in seconds; None is 60, and
        only a number given here extends ``max_age``
    :param required_claims: claims that every token must have
    :param required_scopes: scopes that every token must grant
    :param roles: where tokens name roles: a claim, a path with dots, or a path as a tuple; None
        uses the preset's, or else ``roles``
    :param claims_validator: called last with the claims, to refuse them
    :param dpop: whether tokens bound to a key are ``required``, ``optional`` or ``refused``; None
        accepts them without offering DPoP in challenges
    :param mtls: the same for tokens bound to a client certificate
    :param replay_store: remembers proofs, by default in this process
    :param dpop_nonces: issues nonces, one of which every proof must contain
    :param opaque_tokens: introspects tokens that are not JWTs, which are refused without it
    :param introspect_jwts: whether ``opaque_tokens`` also introspects JWTs that lack required
        members
    :param decryption_keys: private keys; tokens must then be encrypted for one of them
    :param discovery_policy: policy for the metadata of issuers
    :param realm: appears in challenges
    :param resource_metadata: URL of this API's metadata, appears in challenges
    :param http_client: used instead of this worker's own
    :param settings: settings for its requests
    :param cold_timeout: for how many seconds a request waits for what is not cached: metadata,
        keys, or an introspection response; its fetch continues, and serves the next caller

    A bound token is never accepted without proof of possession.  Raises
    :class:`InvalidArgumentError` (a ``ValueError``) for inconsistent arguments.

    RFC 6750, RFC 8725, RFC 9068, RFC 9449 §7, RFC 8705 §3, RFC 9470, RFC 9728.

    Example::

        verifier = AccessTokenVerifier("https://op.example", "api")
        # or, by a preset: AccessTokenVerifier(keycloak("https://op.example", "main"), "api")
        token = verifier.verify(f"Bearer {access_token}")
        print(token.subject, token.scopes)
    """

    # One branch per parameter that can be wrong, so that each mistake is raised at construction.
    def __init__(
        self,
        issuers: Issuers,
        audience: str | Sequence[str] | None = None,
        *,
        client_ids: Iterable[str] | None = None,
        profile: Profile = "access-token",
        accept_id_tokens_as_access_tokens: bool = False,
        algorithms: Sequence[str] | None = None,
        leeway: float | None = None,
        required_claims: Sequence[str] = (),
        required_scopes: str | Iterable[str] = (),
        roles: str | tuple[str, ...] | None = None,
        claims_validator: Callable[[dict[str, Any]], object] | None = None,
        dpop: Binding | None = None,
        mtls: Binding = "optional",
        replay_store: ReplayStore | None = None,
        dpop_nonces: DPoPNonceIssuer | None = None,
        opaque_tokens: TokenIntrospector | None = None,
        introspect_jwts: bool = False,
        decryption_keys: DecryptionKeys | None = None,
        discovery_policy: DiscoveryPolicy | None = None,
        realm: str | None = None,
        resource_metadata: str | None = None,
        http_client: HTTPClient | None = None,
        settings: Settings | None = None,
        cold_timeout: float = 2.0,
    ) -> None:
        check_policy("discovery_policy", discovery_policy)
        check_switches(
            accept_id_tokens_as_access_tokens=accept_id_tokens_as_access_tokens,
            introspect_jwts=introspect_jwts,
        )
        check_kind("opaque_tokens", opaque_tokens, TokenIntrospector)
        check_kind("settings", settings, Settings)
        check_callable("claims_validator", claims_validator)
        check_http_client(http_client)
        check_kind("realm", realm, str)
        check_kind("resource_metadata", resource_metadata, str)
        if not is_number(cold_timeout) or not cold_timeout > 0:
            raise InvalidArgumentError("cold_timeout must be a positive number of seconds")
        names = None if audience is None else audience_of("audience", audience)
        clients = None if client_ids is None else frozenset(names_of("client_ids", client_ids))
        policy = AccessTokenPolicy(
            profile,
            None if names is None else frozenset([names] if isinstance(names, str) else names),
            clients,
            names_of("required_claims", required_claims),
            None if roles is None else roles_path(roles),
            accept_id_tokens_as_access_tokens,
        )
        if introspect_jwts and opaque_tokens is None:
            raise InvalidArgumentError("introspect_jwts requires opaque_tokens")
        self._leeway = _LEEWAY if leeway is None else seconds_of("leeway", leeway)
        self._login = LoginRules(leeway or 0.0, self._leeway)
        bindings = BindingRules("optional" if dpop is None else dpop, mtls)
        self._sender = SenderCheck(bindings, replay_store, dpop_nonces)
        self._refusals = AccessTokenRefusals(
            bindings.dpop,
            dpop is not None or dpop_nonces is not None or replay_store is not None,
            realm,
            resource_metadata,
            dpop_nonces,
        )
        options: dict[str, Any] = {
            "require": ["exp"],
            "verify_sub": policy.is_strict,
            "unique_claims": True,
        }
        if names is None:
            options["verify_aud"] = False
        config = TokenValidationConfig(
            perform_disco=True,
            audience=names,
            algorithms=None if algorithms is None else algorithms_of(algorithms),
            options=options,
            leeway=self._leeway,
            discovery_policy=discovery_policy,
        )
        self._issuers = TrustedIssuers(issuers, config, policy, self._refusals)
        self._only = self._issuers.only
        self._decryption = None
        if decryption_keys is not None:
            check_decryption_keys(decryption_keys)
            self._decryption = TokenValidationConfig(True, decryption_keys=decryption_keys)
        self._claims_validator = claims_validator
        self._required_scopes = scopes_from("required_scopes", required_scopes)
        self._opaque_tokens = opaque_tokens
        self._introspect_jwts = introspect_jwts
        self._http_client = http_client
        self._settings = settings
        self._caller = Caller(cold_timeout)
        self._stranger = Caller(cold_timeout, from_stranger=True)

    def verify(
        self,
        authorization: str | None,
        *,
        method: str | None = None,
        uri: str | None = None,
        dpop: str | Sequence[str] | None = None,
        certificate: str | bytes | None = None,
        scopes: str | Iterable[str] = (),
        acr_values: str | Sequence[str] = (),
        max_age: float | None = None,
    ) -> VerifiedAccessToken:
        """Return the token of a request, if it grants what the request needs.

        :param authorization: the request's ``Authorization`` header
        :param method: the request's method, for tokens bound to a key
        :param uri: the request's URI, for tokens bound to a key
        :param dpop: the request's ``DPoP`` header, or all of them
        :param certificate: that of the TLS connection, PEM or DER, for tokens bound to one
        :param scopes: required scopes, besides the verifier's own ``required_scopes``
        :param acr_values: accepted authentication levels of the user's login
        :param max_age: maximum age of the user's login, in seconds

        Raises :class:`AccessTokenRefusedException`, with the HTTP response to send, for anything
        wrong with the request and anything that prevents verification;
        :class:`InvalidArgumentError` and :class:`ConfigurationException` for a wrong call or a
        wrongly configured verifier.

        Example::

            try:
                token = verifier.verify(headers.get("Authorization"), scopes=["read"])
            except AccessTokenRefusedException as error:
                print(error.status_code, error.headers)
        """
        if not activities.are_observed:
            return self._verify(
                authorization, method, uri, dpop, certificate, scopes, acr_values, max_age
            )
        with Activity("verification", "access token") as running:
            try:
                return self._verify(
                    authorization, method, uri, dpop, certificate, scopes, acr_values, max_age
                )
            finally:
                running.url = self._issuers.configured_name(authorization)

    # The common path is checked inline: calls are most of what a warm verification costs here.
    def _verify(
        self,
        authorization: str | None,
        method: str | None,
        uri: str | None,
        dpop: str | Sequence[str] | None,
        certificate: str | bytes | None,
        scopes: str | Iterable[str],
        acr_values: str | Sequence[str],
        max_age: float | None,
    ) -> VerifiedAccessToken:
        wanted, scheme, token = self._required_scopes, "", ""
        try:
            if scopes:
                wanted = with_scopes(wanted, scopes)
            scheme, _, token = (authorization or "").partition(" ")
            if scheme != "Bearer" or not token:
                scheme, token = scheme.lower(), token.strip()
                if scheme not in {"bearer", "dpop"} or not token:
                    raise missing_token_error(authorization)
            claims, context = self._claims(token)
            nonce = None
            if scheme == "dpop" or dpop or not self._sender.accepts_bearer(claims):
                request = BoundRequest(scheme, token, method, uri, dpop, certificate)
                nonce = self._sender.check(claims, request)
            if wanted and not wanted <= scopes_of(claims, context.scopes):
                raise insufficient_scope_error(scopes_of(claims, context.scopes), wanted)
            if acr_values or max_age is not None:
                self._login.check(claims, acr_values, max_age, time())
        except Exception as error:
            # The one place that makes every failure a typed exception.
            if isinstance(error, _CALLERS_MISTAKES) and not isinstance(
                error, ProviderUnusableException
            ):
                raise
            check_request(authorization, method, uri, dpop, certificate, wanted)
            sent = Sent(scheme.lower(), scheme == "dpop" or bool(dpop), wanted)
            raise self._refusals.refuse(error, sent, token) from error
        return VerifiedAccessToken(claims, token, nonce, context)

    def verify_token(
        self,
        token: str,
        *,
        scopes: str | Iterable[str] = (),
        acr_values: str | Sequence[str] = (),
        max_age: float | None = None,
    ) -> VerifiedAccessToken:
        """Return a token that came without a request: from a message, or a socket's first frame.

        :param token: the bare token; one that is bound to a key or a certificate is refused
        :param scopes: as in :meth:`verify`
        :param acr_values: as in :meth:`verify`
        :param max_age: as in :meth:`verify`

        Raises the exceptions of :meth:`verify`.

        Example::

            token = verifier.verify_token(message["access_token"], scopes=["read"])
        """
        if not isinstance(token, str):
            raise InvalidArgumentError("token must be a string")
        return self.verify(f"Bearer {token}", scopes=scopes, acr_values=acr_values, max_age=max_age)

    def _claims(self, token: str) -> tuple[dict[str, Any], TokenContext]:
        signed, rules = token, self._only
        header, config = token.partition(".")[0], None
        if rules is None or self._decryption is not None or header not in rules.headers:
            if self._is_introspected(token):
                return self._introspect(token)
            if self._decryption is not None:
                signed, _ = open_token(token, self._decryption)
                header = signed.partition(".")[0]
            if rules is None or header not in rules.headers:
                rules = self._issuers.rules_for_token(signed)
                config = rules.config_for(signed)
        # The issuer is compared again once the signature is verified.
        claims = validate(
            signed,
            config or rules.config,
            rules.address,
            self._http_client,
            self._stranger if rules.named_by_tokens else self._caller,
            self._settings,
        )
        if header not in rules.headers:
            rules.check_header(header_members(signed), claims, time())
            rules.remember(header)
        rules.check(claims)
        if self._claims_validator is not None:
            run_validator(self._claims_validator, claims)
        return claims, rules.context

    def _is_introspected(self, token: str) -> bool:
        if self._opaque_tokens is None or self._introspect_jwts:
            return self._introspect_jwts
        if is_encrypted(token):  # the opaque tokens of some issuers look like that
            return self._decryption is None
        return not is_jwt(token)

    def _introspect(self, token: str) -> tuple[dict[str, Any], TokenContext]:
        tokens = self._opaque_tokens
        assert tokens is not None
        claims = tokens.claims(token, leeway=self._leeway, timeout=self._caller.cold_timeout)
        rules = self._issuers.rules_for_introspected(claims.get("iss"))
        rules.check_introspected(
            claims, time(), without_audience=tokens.accept_tokens_without_audience
        )
        if self._claims_validator is not None:
            run_validator(self._claims_validator, claims)
        return claims, rules.context
