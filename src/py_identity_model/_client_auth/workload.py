"""The identity that a platform gives to a workload, wherever it runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time

from .._logging import logger
from .._wire.client_authentication import ClientAuthentication, ClientSecretBasic
from ..exceptions import ConfigurationException, InvalidArgumentError
from .certificate import SpiffeX509
from .federated import FederatedAssertion, SpiffeJwt
from .platform_tokens import (
    GitHubActionsToken,
    TokenCommand,
    check_platform_token,
    github_variables,
    read_token,
)

ASSERTION_FILE = "OIDC_CLIENT_ASSERTION_FILE"
CLIENT_SECRET = "OIDC_CLIENT_SECRET"
SECRET_AUDIENCE = "OIDC_CLIENT_SECRET_AUDIENCE"
KUBERNETES_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_ENTRA = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE")

PathText = str | os.PathLike[str]


def workload_identity(
    audience: str,
    *,
    explicit: ClientAuthentication | None = None,
    kubernetes_token_file: PathText = KUBERNETES_FILE,
    spiffe_jwt_file: PathText | None = None,
    spiffe_certificate_file: PathText | None = None,
    spiffe_key_file: PathText | None = None,
    token_file: PathText | None = None,
    command: Sequence[str] | None = None,
) -> ClientAuthentication:
    """Return the authentication that the platform provides: the first of a chain that applies.

    The chain is: ``explicit``; the environment (``OIDC_CLIENT_ASSERTION_FILE``, then
    ``OIDC_CLIENT_SECRET``); the projected token of Kubernetes; GitHub Actions; SPIFFE's JWT-SVID
    and X.509-SVID; Microsoft Entra workload identity; ``token_file``; ``command``.  A file applies
    if it holds a valid token for ``audience``, so that no token reaches a server that it is not
    meant for; the chain ends at a file that the environment names and that does not apply.  A
    secret is used for any ``audience`` unless ``OIDC_CLIENT_SECRET_AUDIENCE`` names the one it is
    for.  Tokens are read again for each attempt to authenticate.

    :param audience: what tokens must be for: the provider's issuer, or what it asks for
        (``api://AzureADTokenExchange``)
    :param explicit: used instead of the chain
    :param kubernetes_token_file: the path of the projected token
    :param spiffe_jwt_file: the path of a JWT-SVID
    :param spiffe_certificate_file: the path of an X.509-SVID, as PEM
    :param spiffe_key_file: the path of its private key; by default the certificate's file
    :param token_file: the path of any other token
    :param command: a program that prints a token, and its arguments; no shell runs it

    Raises :class:`ConfigurationException` with the code ``no_workload_identity``: its text and its
    ``details`` say of each link why it does not apply.  RFC 7523 §2.2, RFC 8705 §2.

    Example::

        ClientCredentialsTokenRequest(
            "https://op.example/token",
            "machine",
            client_authentication=workload_identity(
                "https://op.example", explicit=ClientSecretBasic("for this machine only")
            ),
        )
    """
    if not isinstance(audience, str) or not audience.strip():
        raise InvalidArgumentError("audience must be a non-blank string")
    if not isinstance(explicit, (ClientAuthentication, type(None))):
        raise InvalidArgumentError("explicit must be a ClientAuthentication")
    for name, path in {
        "kubernetes_token_file": kubernetes_token_file,
        "spiffe_jwt_file": spiffe_jwt_file,
        "spiffe_certificate_file": spiffe_certificate_file,
        "spiffe_key_file": spiffe_key_file,
        "token_file": token_file,
    }.items():
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise InvalidArgumentError(f"{name} must be a path, not {type(path).__name__}")
    chain = _Chain(audience)
    return chain.first(
        {
            "explicit": lambda: explicit or "not given",
            "environment": chain.environment,
            "kubernetes": lambda: chain.file(kubernetes_token_file),
            "github": chain.github,
            "spiffe-jwt": lambda: chain.file(spiffe_jwt_file, SpiffeJwt),
            "spiffe-x509": lambda: chain.certificate(spiffe_certificate_file, spiffe_key_file),
            "entra": chain.entra,
            "file": lambda: chain.file(token_file),
            "command": lambda: chain.command(command),
        }
    )


Link = Callable[[], ClientAuthentication | str]
"""Returns an authentication, or why there is none; may raise ConfigurationException."""


@dataclass(frozen=True)
class _Chain:
    audience: str

    def first(self, links: dict[str, Link]) -> ClientAuthentication:
        reasons: dict[str, str] = {}
        for name, link in links.items():
            try:
                found = link()
            except ConfigurationException as error:
                found = error.message
            if not isinstance(found, str):
                logger.info("workload identity: %s", name)
                return found
            reasons[name] = found
            if name == "environment" and os.environ.get(ASSERTION_FILE):
                break  # the operator said which: another identity would hide the mistake
        text = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise ConfigurationException(
            f"no workload identity was found: {text}",
            {"links": reasons},
            code="no_workload_identity",
        )

    def file(
        self, given: PathText | None, kind: type[FederatedAssertion] = FederatedAssertion
    ) -> ClientAuthentication | str:
        if given is None:
            return "no file is named"
        path = Path(given)
        check_platform_token(read_token(path), self.audience, time())
        return kind(path, audience=self.audience)

    def environment(self) -> ClientAuthentication | str:
        file, secret = os.environ.get(ASSERTION_FILE), os.environ.get(CLIENT_SECRET)
        if file:
            return self.file(file)
        if not secret:
            return f"{ASSERTION_FILE}, {CLIENT_SECRET} not set"
        meant_for = os.environ.get(SECRET_AUDIENCE)
        if meant_for and meant_for != self.audience:
            return f"{CLIENT_SECRET} is for another audience ({SECRET_AUDIENCE})"
        return ClientSecretBasic(secret)

    def github(self) -> ClientAuthentication | str:
        github_variables(os.environ)
        return FederatedAssertion(GitHubActionsToken(self.audience), audience=self.audience)

    def certificate(
        self, certificate: PathText | None, key: PathText | None
    ) -> ClientAuthentication | str:
        if certificate is None:
            return "no file is named"
        files = [str(certificate), str(certificate if key is None else key)]
        missing = [one for one in files if not os.path.isfile(one)]
        return f"{missing[0]} is not a file" if missing else SpiffeX509(*files)

    def entra(self) -> ClientAuthentication | str:
        missing = [name for name in _ENTRA if not os.environ.get(name)]
        if missing:
            return f"{', '.join(missing)} not set"
        return self.file(os.environ[_ENTRA[2]])

    def command(self, arguments: Sequence[str] | None) -> ClientAuthentication | str:
        if arguments is None:
            return "no command is given"
        command = TokenCommand(arguments)
        if shutil.which(command.arguments[0]) is None:
            return f"there is no program {Path(command.arguments[0]).name}"
        return FederatedAssertion(command, audience=self.audience)
