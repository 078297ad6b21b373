"""The embedded provider."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from types import TracebackType
from typing import Any, Self

from .._resource_server.dpop_server_nonces import DPoPNonceIssuer
from ..exceptions import InvalidArgumentError
from .logouts import send_logout_token
from .oauth import Server, TokenRules
from .proofs import Proofs
from .quirks import Quirks
from .records import Client
from .serving import Serving
from .wire import Answer, LoopbackServer, Received


class EmbeddedProvider(Serving):
    """A provider on a loopback port, running from construction to :meth:`close`.

    Its client may use every grant, and the public client every grant without a secret.  A browser
    at the authorization endpoint is logged in at once, as ``user`` or ``login_hint`` says.  Tokens
    are bound to the key of a proof in their request (RFC 9449 §5).  Algorithms: RS256, ES256,
    EdDSA.

    :param audience: the audience of its access tokens
    :param client_id: the client
    :param client_secret: its secret, a random one by default
    :param public_client_id: the client without a secret
    :param scopes: the scopes that clients may request; if ``offline_access`` is among them, only
        logins that request it get a refresh token
    :param redirect_uris: where users may be sent back to; None allows any URI
    :param user: the user who logs in; with None every login is denied
    :param users: those who can log in, by name, with their claims; others are denied; ``roles`` are
        put into ID and access tokens, ``sid`` into ID and logout tokens, all but ``sid`` into
        userinfo; the first one logs in unless ``user`` names another
    :param user_claims: userinfo claims of all users, besides ``sub``
    :param lifetime: of access and ID tokens, in seconds
    :param tls: a server context, to serve https under the name ``host``
    :param host: the host in its URLs
    :param port: the port; 0 is any free one
    :param allowed_origins: origins whose scripts may read responses (CORS); ``*`` is any
    :param dpop_nonce: require a nonce in DPoP proofs (RFC 9449 §8, §9)
    :param rotate_refresh_tokens: replace the refresh token at each renewal
    :param detect_refresh_token_reuse: end the login, with all its tokens, if a refresh token is
        used again after its renewal (RFC 9700 §4.14.2)
    :param refresh_expires_in: lifetime of refresh tokens in seconds, also added to responses
    :param require_pushed_authorization_requests: refuse other requests (RFC 9126 §5)
    :param backchannel_logout_uri: where :meth:`log_out` sends logout tokens
    :param login_page: ask browsers which of ``users`` they are, and let users approve devices at
        ``/device``: for development; tests are logged in at once
    :param quirks: behaviours of real providers, by name; they are listed below
    :param like: a set of them: adfs, auth0, authentik, cognito, dex, entra, entra-multi-tenant,
        github, google, keycloak, keycloak-24 (and older), linkedin, okta, slack, spring, zitadel

    ``requests`` lists the requests received.  ``intercept`` may be set to a function that gets each
    request and returns a response in the provider's place, or None.  ``dpop_nonces`` are the nonces
    that it requires.  ``clock_offset`` may be set to how many seconds its clock is ahead: it shifts
    the times of its tokens and the ``Date`` of its responses.  ``login_claims`` may be filled with
    claims, by user, that ID tokens and userinfo have besides those of ``users``.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an unknown quirk or likeness, and
    for a port that cannot be used.

    Quirks of the document and the keys:

    - ``no-store``: both carry ``Cache-Control: no-store`` (Keycloak, Spring)
    - ``no-cache``: both carry ``Cache-Control: no-cache``
    - ``text-media-type``: both are ``text/plain``
    - ``oauth-document``: the document is at the address of RFC 8414 alone
    - ``foreign-hosts``: endpoints are on ``localhost`` if the issuer is ``127.0.0.1``, and reverse
    - ``trailing-slash``: the issuer ends with a slash in the document and in tokens (Auth0)
    - ``issuer-template``: the issuer of ``/common/v2.0`` is a template, tokens have ``tid`` (Entra)
    - ``access-token-issuer``: access tokens carry another ``iss``, named in the document (ADFS)
    - ``no-subject-types``: ``subject_types_supported`` is missing
    - ``unknown-response-types``: response types are listed that no specification knows (WSO2)
    - ``empty-endpoints``: userinfo and end of session are empty texts (Cognito)
    - ``no-kid``: neither keys nor tokens have a ``kid``
    - ``no-kid-in-keys``, ``no-kid-in-tokens``: one of them has none
    - ``ml-dsa-keys``: there are keys of ML-DSA-44, -65 and -87 too (RFC 9964), which sign what is
      minted by these algorithms; needs cryptography 48

    Quirks of tokens:

    - ``typ-jwt``: the ``typ`` of access tokens is ``JWT`` (Keycloak, Entra, Auth0)
    - ``no-typ``: they have none (Okta, Cognito, Spring)
    - ``payload-typ``: the claims have a ``typ``: ``Bearer`` or ``ID`` (Keycloak)
    - ``token-use``: the claims have a ``token_use``: ``access`` or ``id`` (Cognito)
    - ``no-aud``: access tokens have no ``aud`` (Cognito)
    - ``no-jti``: access tokens have no ``jti`` (Auth0, Entra)
    - ``client-as-azp``, ``client-as-cid``, ``client-as-appid``: the claim that names the client
    - ``scope-as-scp``, ``scope-as-scp-text``: scopes in ``scp``, as a list (Okta) or text (Entra)
    - ``nested-roles``: roles are in ``realm_access.roles`` (Keycloak)
    - ``cognito-groups``: roles are in ``cognito:groups``
    - ``integer-sub``: identifiers of users are numbers (MediaWiki)
    - ``lightweight-tokens``: access tokens have neither ``aud`` nor ``sub`` (Keycloak)
    - ``opaque-tokens``: access tokens are opaque (Google, GitHub)
    - ``five-part-tokens``: they are opaque and have five parts (Zitadel)
    - ``login-claims``: access tokens have ``nonce``, ``sid``, ``auth_time`` (Keycloak before 25)
    - ``id-token-marks``: access tokens have ``nonce`` and ``at_hash`` (dex)
    - ``no-id-token-marks``: ID tokens have no ``at_hash``
    - ``no-nonce``: ID tokens have no ``nonce`` (LinkedIn)
    - ``no-id-token``: there are none: OAuth 2.0 without OpenID Connect (GitHub)
    - ``refreshed-id-token``: renewals bring a new one
    - ``clock-ahead``: ``iat`` is two seconds ahead
    - ``padded-tokens``: the parts of tokens have ``=`` at their end (AWS ALB)

    Quirks of responses:

    - ``error-with-200``: refusals of the token and device endpoints have status 200 (GitHub)
    - ``numbers-as-text``: numbers in their answers are texts
    - ``lowercase-bearer``: the ``token_type`` is ``bearer`` (GitHub)
    - ``no-token-type``, ``no-expires-in``: the member is missing
    - ``verification-url``: devices get a ``verification_url`` (Google)
    - ``pkce-refused``: a ``code_verifier`` is answered by ``invalid_client`` (LinkedIn)
    - ``no-state-in-errors``: a denied login comes back without ``state``

    Example::

        with EmbeddedProvider(like="keycloak", users={"alice": {"roles": ["admin"]}}) as provider:
            token = provider.mint(sub="alice", roles=["admin"])
    """

    def __init__(
        self,
        *,
        audience: str = "api",
        client_id: str = "machine",
        client_secret: str | None = None,
        scopes: Sequence[str] = ("openid", "profile", "email", "api", "read", "write"),
        public_client_id: str = "native",
        redirect_uris: Sequence[str] | None = None,
        user: str | None = "alice",
        users: Mapping[str, Mapping[str, Any]] | None = None,
        user_claims: Mapping[str, Any] | None = None,
        lifetime: int = 3600,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        allowed_origins: Sequence[str] = (),
        dpop_nonce: bool = False,
        rotate_refresh_tokens: bool = True,
        detect_refresh_token_reuse: bool = False,
        refresh_expires_in: int | None = None,
        require_pushed_authorization_requests: bool = False,
        backchannel_logout_uri: str | None = None,
        login_page: bool = False,
        quirks: Collection[str] = (),
        like: str | None = None,
    ) -> None:
        super().__init__(Quirks.of(quirks, like))
        self.audience = audience
        self.scopes = _texts("scopes", scopes)
        self.lifetime = lifetime
        self.client_id = client_id
        self.client_secret = client_secret or secrets.token_urlsafe(32)
        self.public_client_id = public_client_id
        where = None if redirect_uris is None else _texts("redirect_uris", redirect_uris)
        self.allowed_origins = _texts("allowed_origins", allowed_origins)
        self.backchannel_logout_uri = backchannel_logout_uri
        known = user is None or not users or user in users
        self._initial = (
            user if known else next(iter(users or ())),
            dict(users or {}),
            dict(user_claims or {}),
        )
        self._set = (self.audience, self.lifetime, self.allowed_origins, backchannel_logout_uri)
        self.requests: list[Received] = []
        self.dpop_nonces = DPoPNonceIssuer() if dpop_nonce else None
        self._require_par = require_pushed_authorization_requests
        self._login_page = login_page
        self._restore()
        self._server = _listen(self._respond, tls, port)
        scheme = "https" if tls else "http"
        self.issuer = f"{scheme}://{host}:{self._server.port}"
        rules = TokenRules(
            lifetime,
            refresh_expires_in,
            rotate_refresh_tokens,
            detect_refresh_token_reuse,
            "offline_access" in self.scopes,
        )
        clients = [
            Client(client_id, self.client_secret, self.scopes, where, backchannel_logout_uri),
            Client(public_client_id, None, self.scopes, where, backchannel_logout_uri),
        ]
        self._proofs = Proofs(scheme, self.dpop_nonces)
        self._oauth = Server(
            self, clients, self.scopes, rules, self._proofs, self._quirks, self._require_par
        )
        self._server.start()

    @property
    def reused_refresh_tokens(self) -> int:
        """The number of times a refresh token was used again after its renewal."""
        return self._oauth.reused_refresh_tokens

    def decide_device(self, user_code: str, *, agree: bool = True) -> None:
        """Record the user's consent to, or refusal of, a device's request.

        Raises :class:`InvalidArgumentError` for an unknown code.

        Example::

            device = request_device_authorization(
                DeviceAuthorizationRequest(f"{provider.issuer}/device_authorization", "native")
            )
            provider.decide_device(device.user_code)
        """
        for device in self._oauth.devices.values():
            if device["user_code"] == user_code:
                device.decision = (self.user or "alice") if agree else False
                return
        raise InvalidArgumentError("no device is waiting with this user_code")

    def log_out(self, user: str) -> list[int]:
        """End the logins of a user: revoke their tokens, and send each client a logout token.

        The logout tokens are sent to ``backchannel_logout_uri``, if there is one; the result is the
        list of response statuses.  The call waits for the responses, so make it from another thread
        if the client runs on this thread's event loop.  Raises :class:`NetworkException` if a
        client does not respond.  OpenID Connect Back-Channel Logout §2.5.

        Example::

            assert provider.log_out("alice") == []  # nobody is logged in
        """
        claims = self._claims(user)
        sid = {"sid": claims["sid"]} if "sid" in claims else {}
        return [
            send_logout_token(
                client.backchannel_logout_uri,
                self.mint_logout_token(aud=client.client_id, sub=user, **sid),
            )
            for client in self._oauth.log_out(user)
            if client.backchannel_logout_uri is not None
        ]

    def reset(self) -> None:
        """Remove all tokens and recorded requests, and undo changes since construction.

        Keys, quirks and the port remain, so that one provider can serve many tests.

        Example::

            provider.reset()
        """
        self._oauth.forget()
        with self._guard:
            self.requests.clear()
        self._restore()

    def _restore(self) -> None:
        self.user, self.users, self.user_claims = deepcopy(self._initial)
        self.audience, self.lifetime, self.allowed_origins, self.backchannel_logout_uri = self._set
        self.login_claims = {}
        self.intercept = None
        self.clock_offset = 0.0

    def close(self) -> None:
        """Stop serving and close every connection.

        Example::

            provider.close()
        """
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _listen(
    respond: Callable[[Received], Answer], tls: ssl.SSLContext | None, port: int
) -> LoopbackServer:
    try:
        return LoopbackServer(respond, tls, port)
    except (OSError, OverflowError) as error:
        raise InvalidArgumentError(f"port {port} cannot be used: {error}") from None


def _texts(name: str, values: Sequence[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise InvalidArgumentError(f"{name} must be a sequence of strings, not a string")
    return tuple(values)
