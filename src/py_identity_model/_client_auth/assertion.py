"""Client authentication by assertions (RFC 7523, OpenID Connect Core §9)."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from .._jose.algorithms import ALGORITHMS
from .._jose.jwk import PrivateKey
from .._jose.sign import SIGNING_ALGORITHMS, sign_compact, signing_key
from .._jose.signer import Signer, algorithm_of, is_signer, kid_of, public_key
from .._wire.arguments import seconds_of
from .._wire.certificate import certificate_members
from .._wire.client_authentication import ClientAuthentication, Credentials, check_secret
from ..exceptions import InvalidArgumentError

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AssertionType = Literal["JWT", "client-authentication+jwt"]
"""The ``typ`` in the header of client assertions."""

_SKEW = 10  # seconds that ``iat`` is set back, for servers whose clock is behind


@dataclass
class PrivateKeyJwt:
    """The configuration of signed client assertions: RFC 7523 §2.2, OpenID Connect Core §9.

    ``private_key`` is PEM, a JWK, or a :class:`Signer`, whose own algorithm and ``kid`` are used;
    ``audience`` defaults to the endpoint's address; ``lifetime``
    is in seconds, more than 10; ``certificate`` (PEM or DER) belongs to the key, for servers that
    look keys up by ``x5t#S256`` or ``x5t`` (Microsoft Entra, AD FS); ``typ`` is as for
    :class:`PrivateKeyJwtAuthentication`.

    Example::

        PrivateKeyJwt(private_key=pem_text, algorithm="ES256", kid="client-1")
    """

    private_key: PrivateKey | Signer = field(repr=False)
    algorithm: str = "PS256"
    kid: str | None = None
    audience: str | None = None
    lifetime: int = 300
    certificate: str | bytes | None = field(default=None, kw_only=True)
    typ: AssertionType = field(default="JWT", kw_only=True)


def create_client_assertion(
    config: PrivateKeyJwt, client_id: str, address: str, *, now: float | None = None
) -> str:
    """Return an assertion for one use at ``address``.

    :param config: the key, and the claims of the assertion
    :param client_id: the client's identifier
    :param address: the endpoint's URL
    :param now: the wall clock, in seconds since 1970

    Raises :class:`InvalidArgumentError` (a ``ValueError``) when it cannot be created.  RFC 7523 §3.

    Example::

        config = PrivateKeyJwt(pem_text, algorithm="ES256")
        create_client_assertion(config, "client", "https://op.example/token")
    """
    algorithm = algorithm_of(config.private_key, config.algorithm)
    if algorithm not in SIGNING_ALGORITHMS:
        raise InvalidArgumentError(f"Unsupported client assertion algorithm: {algorithm}")
    header = {"alg": algorithm, "typ": config.typ} | _kid(kid_of(config.private_key, config.kid))
    audience = _audience_of(config, address)
    claims = _claims(client_id, audience, config.lifetime, now)
    key = signing_key(config.private_key, algorithm)
    if config.certificate is not None:
        own = public_key(key) if is_signer(key) else key
        header |= certificate_members(config.certificate, own.public_key)
    return sign_compact(header, claims, key, algorithm)


def _audience_of(config: PrivateKeyJwt | ClientSecretJwt, address: str) -> str:
    """Return the ``aud`` of an assertion: as given, else the endpoint's address.

    A typed assertion promises the issuer as its only audience, and the address is none.
    """
    if config.typ not in get_args(AssertionType):
        raise InvalidArgumentError(f"typ must be one of {', '.join(get_args(AssertionType))}")
    if config.audience is None and config.typ != "JWT":
        raise InvalidArgumentError(f"audience must be the issuer, where typ is {config.typ}")
    return address if config.audience is None else config.audience


def _kid(kid: str | None) -> dict[str, str]:
    if kid is None:
        return {}
    if not kid.strip():
        raise InvalidArgumentError("kid must be non-empty when provided")
    return {"kid": kid}


def _claims(client_id: str, audience: str, lifetime: int, now: float | None) -> dict[str, Any]:
    for name, value in (("client_id", client_id), ("audience", audience)):
        if not isinstance(value, str) or not value.strip():
            raise InvalidArgumentError(f"{name} must not be empty")
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime <= _SKEW:
        raise InvalidArgumentError(f"lifetime must be more than {_SKEW} seconds")
    issued = int(time.time() if now is None else seconds_of("now", now)) - _SKEW
    return {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": str(uuid.uuid4()),
        "iat": issued,
        "nbf": issued,
        "exp": issued + lifetime,
    }


def assertion_form(client_id: str, assertion: str, kind: str = JWT_BEARER) -> Credentials:
    """Return the form parameters of an assertion; ``kind`` is its type, a URN."""
    form = {
        "client_id": client_id,
        "client_assertion_type": kind,
        "client_assertion": assertion,
    }
    return Credentials({}, form)


@dataclass(frozen=True)
class PrivateKeyJwtAuthentication(ClientAuthentication):
    """Authenticate by ``private_key_jwt``: a fresh signed assertion for each attempt.

    :param private_key: PEM, a JWK, or a :class:`Signer` for a key that cannot leave
    :param algorithm: the signature algorithm; that of a signer is its own
    :param kid: the identifier of the key
    :param audience: the ``aud`` of the assertion: give the issuer, as FAPI 2.0 §5.3.2.1 requires;
        by default the endpoint's address, which the provider does not expect where this program
        reaches it by another name
    :param lifetime: in seconds, more than 10
    :param certificate: PEM or DER, belongs to the key: its ``x5t#S256`` and ``x5t`` are sent, as
        Microsoft Entra and AD FS require
    :param typ: ``client-authentication+jwt`` says what the assertion is for, and needs the issuer
        as ``audience``, which ``OAuthClient`` fills in; no metadata says that a provider wants it

    OpenID Connect Core §9, RFC 7523 §2.2, RFC 7515 §4.1.7, draft-ietf-oauth-rfc7523bis.

    Example::

        PrivateKeyJwtAuthentication(pem_text, algorithm="ES256", audience="https://op.example")
    """

    method: ClassVar[str] = "private_key_jwt"

    private_key: PrivateKey | Signer = field(repr=False)
    algorithm: str = "PS256"
    kid: str | None = None
    audience: str | None = None
    lifetime: int = 60
    certificate: str | bytes | None = field(default=None, kw_only=True)
    typ: AssertionType = field(default="JWT", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "algorithm", algorithm_of(self.private_key, self.algorithm))

    @classmethod
    def of(cls, config: PrivateKeyJwt) -> PrivateKeyJwtAuthentication:
        """Return the authentication method for ``config``.

        Example::

            PrivateKeyJwtAuthentication.of(PrivateKeyJwt(pem_text))
        """
        return cls(
            config.private_key,
            config.algorithm,
            config.kid,
            config.audience,
            config.lifetime,
            certificate=config.certificate,
            typ=config.typ,
        )

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the form parameters, with a fresh assertion unless one is given."""
        if assertion is None:
            assertion = self.assertion(client_id, address, self.private_key)
        return assertion_form(client_id, assertion)

    @property
    def signer(self) -> Signer | None:
        """What signs assertions, if that may have to be waited for."""
        return self.private_key if is_signer(self.private_key) else None

    def assertion(self, client_id: str, address: str, key: PrivateKey | Signer) -> str:
        """Return an assertion for one attempt, signed by ``key``."""
        config = PrivateKeyJwt(
            key,
            self.algorithm,
            self.kid,
            self.audience,
            self.lifetime,
            certificate=self.certificate,
            typ=self.typ,
        )
        return create_client_assertion(config, client_id, address)


@dataclass(frozen=True)
class ClientSecretJwt(ClientAuthentication):
    """Authenticate by ``client_secret_jwt``: an assertion keyed with the secret, which is never
    sent.

    :param client_secret: must be as long as the hash of ``algorithm``: 32, 48 or 64 bytes
    :param algorithm: HS256, HS384 or HS512
    :param audience: as for ``private_key_jwt``
    :param lifetime: in seconds, more than 10
    :param typ: as for ``private_key_jwt``

    OpenID Connect Core §9, draft-ietf-oauth-rfc7523bis.

    Example::

        ClientSecretJwt("a secret of at least thirty-two bytes", audience="https://op.example")
    """

    method: ClassVar[str] = "client_secret_jwt"

    client_secret: str = field(repr=False)
    algorithm: str = "HS256"
    audience: str | None = None
    lifetime: int = 60
    typ: AssertionType = field(default="JWT", kw_only=True)

    def __post_init__(self) -> None:
        check_secret(self.client_secret)

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the form parameters, with a fresh assertion."""
        from joserfc.jwk import OctKey

        wanted = ALGORITHMS.get(self.algorithm)
        if wanted is None or wanted.kty != "oct":
            raise InvalidArgumentError(f"Unsupported client assertion algorithm: {self.algorithm}")
        if len(self.client_secret.encode()) * 8 < wanted.least_bits:
            raise InvalidArgumentError(
                f"the client secret is too short for {self.algorithm}: "
                f"{wanted.least_bits // 8} bytes are needed",
                code="weak_key",
            )
        claims = _claims(client_id, _audience_of(self, address), self.lifetime, None)
        header = {"alg": self.algorithm, "typ": self.typ}
        key = OctKey.import_key(self.client_secret)
        return assertion_form(client_id, sign_compact(header, claims, key, self.algorithm))

    def secrets(self) -> tuple[str, ...]:
        """Return the secret."""
        return (self.client_secret,)
