"""Arguments of a client: checked at construction, and grouped by their users."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from .._client_auth.assertion import ClientSecretJwt, PrivateKeyJwt, PrivateKeyJwtAuthentication
from .._jose.dpop_proof import DPoPKey
from .._jose.jwk import DecryptionKeys
from .._jose.signer import DeferredSigner
from .._wire.arguments import check_text, names_of, seconds_of
from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import (
    ClientAuthentication,
    ClientSecretBasic,
    NoClientAuthentication,
)
from .._wire.models import Scope
from ..exceptions import ConfigurationException, InvalidArgumentError
from .client_profile import ClientProfile, RequestSigning, SignedMessage
from .client_provider import ClientProvider
from .encrypted_answers import EncryptedArtefact, artefacts_of
from .login import LoginSecrets, check_protection

ChallengeMethod = Literal["default", "S256"] | None
"""How a login is bound to its code: ``default`` as the provider accepts it, None not at all."""

_LEEWAY = 60.0  # seconds
_SET_BY_THE_LOGIN = frozenset(
    {
        *("client_id", "redirect_uri", "scope", "response_type", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "request", "request_uri", "dpop_jkt"),
    }
)
_INSTEAD: tuple[tuple[type, str], ...] = (
    (str, "for a secret give ClientSecretBasic(secret), or client_secret=secret"),
    (PrivateKeyJwt, "give PrivateKeyJwtAuthentication.of(config)"),
    (MtlsClientAuth, "give TlsClientAuth(certificate_file, private_key_file)"),
    (type, "give an instance, not the class"),
)


def client_authentication_of(given: object, client_secret: str | None) -> ClientAuthentication:
    """Return a client's authentication method: as given, else by its secret, else none.

    Raises InvalidArgumentError for anything else, with a hint at what to give instead.
    """
    if given is None:
        no_secret = client_secret is None
        return NoClientAuthentication() if no_secret else ClientSecretBasic(client_secret or "")
    if isinstance(given, ClientAuthentication):
        return given
    hints = (text for kind, text in _INSTEAD if isinstance(given, kind))
    raise InvalidArgumentError(
        f"client_authentication must be a ClientAuthentication, not {type(given).__name__}: "
        + next(hints, "for instance ClientSecretBasic(secret)")
    )


def check_client_arguments(
    issuer: object,
    client_id: object,
    authentication: ClientAuthentication,
    *,
    client_secret: object,
    dpop_key: object,
    signing: RequestSigning | None,
    decryption_keys: DecryptionKeys | None,
) -> None:
    """Raise InvalidArgumentError for an argument that would fail only after a user logged in.

    Keys are loaded, which checks them; raises ConfigurationException for a bad decryption key.
    """
    for name, value in (("issuer", issuer), ("client_id", client_id)):
        if not isinstance(value, str) or not value.strip():
            raise InvalidArgumentError(f"{name} must be a non-blank string")
    if client_secret is not None and (not isinstance(client_secret, str) or not client_secret):
        raise InvalidArgumentError("client_secret must be a non-empty string")
    if not isinstance(dpop_key, (DPoPKey, type(None))):
        raise InvalidArgumentError(
            f"dpop_key must be a DPoPKey, not {type(dpop_key).__name__}: "
            "DPoPKey.from_pem and DPoPKey.from_jwk load one"
        )
    if isinstance(authentication, (PrivateKeyJwtAuthentication, ClientSecretJwt)):
        if authentication.audience is None:  # the issuer, once it is known
            authentication = replace(authentication, audience=str(issuer))
        signer = authentication.signer
        made = None  # signers sign what is sent, and nothing to try them out
        if signer is not None and isinstance(authentication, PrivateKeyJwtAuthentication):
            made = authentication.assertion(str(client_id), str(issuer), DeferredSigner(signer))
        authentication.credentials(str(client_id), str(issuer), made)
    _check_keys(signing, decryption_keys)


def _check_keys(
    signing: RequestSigning | None,
    decryption_keys: DecryptionKeys | None,
) -> None:
    if signing is not None:
        from .._jose.sign import SIGNING_ALGORITHMS, signing_key

        if signing.algorithm not in SIGNING_ALGORITHMS:
            raise InvalidArgumentError(
                f"Unsupported request_signing_algorithm: {signing.algorithm}"
            )
        signing_key(signing.key, signing.algorithm, name="request_signing_key")
    if decryption_keys is not None:
        from .._jose.encryption import check_decryption_keys

        check_decryption_keys(decryption_keys)


@dataclass(frozen=True, repr=False)  # keys and secrets among them
class UserTokenRules:
    """The requirements on ID tokens, userinfo and signed responses."""

    algorithms: Sequence[str] | None
    trusted_audiences: frozenset[str]
    max_age: float | None
    leeway: float
    age_leeway: float
    allow_weak_keys: bool
    decryption_keys: DecryptionKeys | None
    encrypted: frozenset[str]
    client_secret: str | None

    @classmethod
    def of(
        cls,
        client_id: str,
        *,
        algorithms: Sequence[str] | None,
        trusted_audiences: Collection[str],
        max_age: float | None,
        leeway: float | None,
        allow_weak_keys: bool,
        decryption_keys: DecryptionKeys | None,
        require_encrypted: Collection[EncryptedArtefact],
        client_secret: str | None,
    ) -> UserTokenRules:
        """Return the rules in a client's arguments; raise for invalid ones."""
        if isinstance(trusted_audiences, str):
            raise ConfigurationException("trusted_audiences must be a list of client ids")
        return cls(
            None if algorithms is None else names_of("id_token_algorithms", algorithms),
            frozenset({client_id, *names_of("trusted_audiences", trusted_audiences)}),
            None if max_age is None else seconds_of("max_id_token_age", max_age),
            _LEEWAY if leeway is None else seconds_of("leeway", leeway),
            leeway or 0.0,  # the default is for clocks, not for logins
            allow_weak_keys,
            decryption_keys,
            artefacts_of(require_encrypted, decryption_keys),
            client_secret,
        )


def _scope_of(scope: Scope) -> str:
    return scope if isinstance(scope, str) else " ".join(names_of("scope", scope))


@dataclass(frozen=True, repr=False)  # a private key among them
class AuthorizationOptions:
    """How logins start, and the requirements on their responses."""

    provider: ClientProvider
    redirect_uri: str | None
    scope: str
    use_par: bool
    signing: RequestSigning | None
    publish: Callable[[str], object] | None
    message_signing: Collection[SignedMessage]
    expect_id_token: bool
    require_nonce: bool

    @classmethod
    def of(
        cls,
        provider: ClientProvider,
        profile: ClientProfile | None,
        *,
        redirect_uri: str | None,
        scope: Scope | None,
        use_par: bool,
        signing: RequestSigning | None,
        publish_request_object: Callable[[str], object] | None,
        message_signing: Collection[SignedMessage],
        expect_id_token: bool,
        require_nonce: bool,
    ) -> AuthorizationOptions:
        """Return the options in a client's arguments; raise for invalid ones."""
        check_text("redirect_uri", redirect_uri)
        if publish_request_object is not None and signing is None:
            raise ConfigurationException("publish_request_object needs a request_signing_key")
        return cls(
            provider,
            redirect_uri,
            provider.scope if scope is None else _scope_of(scope),
            use_par or profile is not None,
            signing,
            publish_request_object,
            message_signing,
            expect_id_token,
            require_nonce and provider.has_nonce,
        )

    def wanted_scope(self, scope: Scope | None) -> str:
        """Return the scope of a login: the one it names, or the client's own."""
        return self.scope if scope is None else _scope_of(scope)

    def target(self, redirect_uri: str | None) -> str:
        """Return where the browser returns to; raise if it is not given."""
        target = redirect_uri or self.redirect_uri
        if not target:
            raise ConfigurationException("a redirect_uri must be given, here or to the client")
        if ":" not in target:
            raise InvalidArgumentError(
                "redirect_uri must be the whole URI that is registered at the provider, such as "
                f"https://app.example.com/callback, not {target[:200]!r}"
            )
        return target

    def has_id_token(self, scope: str, response_type: str = "code") -> bool:
        """Return whether an ID token is required."""
        asked = "openid" in scope.split() or "id_token" in response_type.split()
        return asked or self.expect_id_token

    def secrets(self, scope: str, response_type: str, method: ChallengeMethod) -> LoginSecrets:
        """Return the secrets that bind the response to a login; raise for an unbound login."""
        if method not in {"default", "S256", None}:
            raise InvalidArgumentError(
                "code_challenge must be S256, or None for a login without PKCE: the login makes one"
            )
        challenge = self.provider.has_challenge if method == "default" else method is not None
        words = response_type.split()
        in_front = "id_token" in words  # where a nonce is never optional
        nonce = self.has_id_token(scope, response_type)
        check_protection(
            nonce=nonce and (self.require_nonce or in_front),
            challenge=challenge and "code" in words,
            excused=self.provider.is_unprotected_for_a_reason and "code" in words,
        )
        sent = nonce and (self.provider.has_nonce or in_front)
        return LoginSecrets.fresh(nonce=sent, challenge=challenge)


def check_further_parameters(parameters: Mapping[str, Any]) -> None:
    """Raise InvalidArgumentError for a parameter that the login sets itself."""
    taken = sorted(_SET_BY_THE_LOGIN & {*parameters})
    if taken:
        raise InvalidArgumentError(f"parameters must not name {', '.join(taken)}")
