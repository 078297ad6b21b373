"""Encryption by a key in the system's keyring."""

from __future__ import annotations

from cryptography.fernet import Fernet

from .exceptions import ConfigurationException, InvalidArgumentError


def keyring_encryption(service: str = "py-identity-model", user: str = "encryption key") -> Fernet:
    """Return the encryption whose key the system's keyring holds, making the key first.

    For stores in files: the keyring takes one short value, and is asked once.  Needs the extra
    ``cli``, which installs keyring.

    :param service: under which the keyring has the key
    :param user: for which user of the service

    Raises :class:`ConfigurationException` (``keyring_unavailable``) where this machine has no
    keyring, such as a server without a desktop, or the user keeps it locked, and
    :class:`InvalidArgumentError` (a ``ValueError``) for names that are not text.

    Example::

        try:
            fernet = keyring_encryption()
        except ConfigurationException:
            fernet = None  # a file that only its owner can read has to do
    """
    for name, value in (("service", service), ("user", user)):
        if not isinstance(value, str) or not value.isprintable() or not value:
            raise InvalidArgumentError(f"{name} must be text that is not empty")
    try:
        import keyring
    except ImportError as error:
        raise _unavailable_error("the extra 'cli' installs keyring") from error
    try:
        found = keyring.get_password(service, user)
        if found is None:
            keyring.set_password(service, user, Fernet.generate_key().decode())
            found = keyring.get_password(service, user) or ""
        return Fernet(found.encode())
    except Exception as error:  # backends are plugins: they raise what they like
        raise _unavailable_error(type(error).__name__) from None


def _unavailable_error(why: str) -> ConfigurationException:
    return ConfigurationException(
        f"the system's keyring cannot be used: {why}", code="keyring_unavailable"
    )
