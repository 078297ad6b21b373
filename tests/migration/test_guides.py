"""Both sides of each migration guide do the same, at the same provider.

The program before a migration runs where ``MIGRATION_BEFORE`` (an interpreter that has the other
library) is set, as by ``nox -s migration``; the one after it runs always.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import trustme

from py_identity_model.testing import Answer, EmbeddedProvider, Received

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "docs" / "programs" / "migration"
GUIDES = {
    "published": "function",
    "jose": "function",
    "authlib_flask": "flask",
    "authlib_starlette": "starlette",
    "mozilla_django_oidc": "django",
    "fastapi_azure_auth": "guard",
    "msal": "service",
    "requests_oauthlib": "service",
}
EXPECTED: dict[str, list[Any]] = {
    "function": ["alice", None, None, None],
    "flask": [{"you": "alice"}],
    "starlette": [{"you": "alice"}],
    "django": [{"you": "alice@example.com"}],
    "guard": [{"you": "alice"}, True, True, True],
    "service": ["machine", "machine"],
}
SCOPES = ("openid", "profile", "email", "read", "api://orders/.default")
BEFORE = {
    "published": os.environ.get("MIGRATION_PUBLISHED"),  # it has this package's import name
    **{name: os.environ.get("MIGRATION_BEFORE") for name in GUIDES if name != "published"},
}
ENTRA = {"fastapi_azure_auth", "msal"}
TENANT = "11111111-1111-1111-1111-111111111111"


def answer_as_api(received: Received) -> Answer | None:
    if received.path != "/me":
        return None
    assert received.headers["authorization"].startswith("Bearer ey")
    return Answer.of_json({"you": "machine"})


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return a context for https, and the file of the authority that clients trust."""
    issuer = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("localhost", "login.microsoftonline.com").configure_cert(context)
    trusted = tmp_path_factory.mktemp("authority") / "ca.pem"
    issuer.cert_pem.write_to_path(str(trusted))
    return context, trusted


@pytest.fixture
def https(authority: tuple[ssl.SSLContext, Path]) -> Iterator[EmbeddedProvider]:
    users = {"alice": {"email": "alice@example.com", "email_verified": True}}
    with EmbeddedProvider(
        tls=authority[0], host="localhost", users=users, scopes=SCOPES
    ) as provider:
        provider.intercept = answer_as_api
        yield provider


def like_entra(provider: EmbeddedProvider) -> tuple[str, list[str]]:
    """Have the provider serve Entra's document; return a token as Entra's, and others."""
    issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    document = {
        "issuer": issuer,
        "jwks_uri": "https://login.microsoftonline.com/jwks",
        "tenant_discovery_endpoint": f"{issuer}/.well-known/openid-configuration",
        "metadata": [],
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": "https://login.microsoftonline.com/token",
        "subject_types_supported": ["pairwise"],
        "response_types_supported": ["code"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }

    known = [asdict(key) for key in provider.keys if key.kty == "RSA"]
    rsa = [{name: value for name, value in key.items() if value} for key in known]

    def answer(received: Received) -> Answer | None:
        if received.path == "/jwks":
            return Answer.of_json({"keys": rsa})
        if received.path.endswith(("/.well-known/openid-configuration", "/discovery/instance")):
            return Answer.of_json(document)
        return answer_as_api(received)

    provider.intercept = answer
    sound: dict[str, Any] = {"iss": issuer, "tid": TENANT, "ver": "2.0", "scp": "read"}
    sound |= {"scope": None, "client_id": None, "header": {"typ": "JWT"}}
    return mint(provider, **sound)


def mint(provider: EmbeddedProvider, **sound: Any) -> tuple[str, list[str]]:
    """Return a good token, and an expired one, another API's, and another issuer's."""
    sound = {"sub": "alice", "nbf": int(time.time()) - 5, **sound}
    wrong = ({"exp": 1}, {"aud": "other"}, {"iss": "https://evil.example"})
    return provider.mint(**sound), [provider.mint(**{**sound, **one}) for one in wrong]


def play(
    python: str, name: str, side: str, provider: EmbeddedProvider, trusted: Path, folder: Path
) -> object:
    kind = GUIDES[name]
    good, bad = like_entra(provider) if name in ENTRA else mint(provider)
    environment = {
        "PATH": os.environ["PATH"],
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": provider.client_secret,
        "SESSION_SECRET": "0123456789abcdef" * 2,
        "API_URL": provider.issuer,
        "API_CLIENT_ID": "api",
        "TENANT_ID": TENANT,
        "PORT": provider.issuer.rpartition(":")[2],
        "GOOD": good,
        "BAD": " ".join(bad),
        "SSL_CERT_FILE": str(trusted),
        "REQUESTS_CA_BUNDLE": str(trusted),
    }
    if python == sys.executable:
        environment["PYTHONPATH"] = str(ROOT / "src")
    script = Path(__file__).with_name("play.py")
    command = [python, str(script), str(PROGRAMS), f"{name}_{side}", kind]
    ran = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("name", GUIDES)
def test_the_program_after_a_migration_works(
    name: str, https: EmbeddedProvider, authority: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    played = play(sys.executable, name, "after", https, authority[1], tmp_path)
    assert played == EXPECTED[GUIDES[name]]


@pytest.mark.parametrize("name", GUIDES)
def test_the_program_before_it_does_the_same(
    name: str, https: EmbeddedProvider, authority: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    python = BEFORE[name]
    if python is None:
        pytest.skip("the other library is installed by `nox -s migration` alone")
    played = play(python, name, "before", https, authority[1], tmp_path)
    assert played == EXPECTED[GUIDES[name]]


def test_a_program_of_the_published_release_runs_unchanged(
    https: EmbeddedProvider, authority: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    played = play(sys.executable, "published", "before", https, authority[1], tmp_path)
    assert played == EXPECTED["function"]
