"""What a client is made of, looked at while it is made: mistakes raise where they are."""

from __future__ import annotations

from .._client_auth.assertion import ClientSecretJwt, PrivateKeyJwt, PrivateKeyJwtAuthentication
from .._jose.dpop_proof import DPoPKey
from .._jose.jwk import DecryptionKeys, PrivateKey
from .._jose.signer import DeferredSigner, Signer
from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import (
    ClientAuthentication,
    ClientSecretBasic,
    NoClientAuthentication,
)
from ..exceptions import InvalidArgumentError

_INSTEAD: tuple[tuple[type, str], ...] = (
    (str, "for a secret give ClientSecretBasic(secret), or client_secret=secret"),
    (PrivateKeyJwt, "give PrivateKeyJwtAuthentication.of(config)"),
    (MtlsClientAuth, "give TlsClientAuth(certificate_file, private_key_file)"),
    (type, "give an instance, not the class"),
)


def client_authentication_of(given: object, client_secret: str | None) -> ClientAuthentication:
    """Return how a client authenticates: as it says, else by its secret, else not at all.

    Raises InvalidArgumentError for something else, and says what to give instead.
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
    id_token_algorithms: object,
    request_signing: tuple[PrivateKey | Signer | None, str],
    decryption_keys: DecryptionKeys | None,
) -> None:
    """Raise InvalidArgumentError for an argument that would fail later, after a user logged in.

    Keys are loaded, which checks them; ConfigurationException for a decryption key that is none.
    """
    for name, value in (("issuer", issuer), ("client_id", client_id)):
        if not isinstance(value, str) or not value.strip():
            raise InvalidArgumentError(f"{name} must be text, and not be blank")
    if client_secret is not None and (not isinstance(client_secret, str) or not client_secret):
        raise InvalidArgumentError("client_secret must be text, and not be empty")
    if not isinstance(dpop_key, (DPoPKey, type(None))):
        raise InvalidArgumentError(
            f"dpop_key must be a DPoPKey, not {type(dpop_key).__name__}: "
            "DPoPKey.from_pem and DPoPKey.from_jwk load one"
        )
    if isinstance(id_token_algorithms, str):
        raise InvalidArgumentError("id_token_algorithms must be a list of algorithms")
    if isinstance(authentication, (PrivateKeyJwtAuthentication, ClientSecretJwt)):
        signer = authentication.signer
        made_without = None  # a signer is asked for each attempt, and not to try it out
        if signer is not None and isinstance(authentication, PrivateKeyJwtAuthentication):
            deferred = DeferredSigner(signer)
            made_without = authentication.assertion(str(client_id), str(issuer), deferred)
        authentication.credentials(str(client_id), str(issuer), made_without)
    _check_keys(request_signing, decryption_keys)


def _check_keys(
    request_signing: tuple[PrivateKey | Signer | None, str],
    decryption_keys: DecryptionKeys | None,
) -> None:
    key, algorithm = request_signing
    if key is not None:
        from .._jose.sign import SIGNING_ALGORITHMS, signing_key

        if algorithm not in SIGNING_ALGORITHMS:
            raise InvalidArgumentError(f"Unsupported request_signing_algorithm: {algorithm}")
        signing_key(key, algorithm, name="request_signing_key")
    if decryption_keys is not None:
        from .._jose.encryption import check_decryption_keys

        check_decryption_keys(decryption_keys)
