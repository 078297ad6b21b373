"""What the tests of the embedded provider share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from py_identity_model import DPoPKey, create_dpop_proof, generate_pkce_pair
from py_identity_model._jose.encoding import decode_base64url
from py_identity_model.testing import EmbeddedProvider

CALLBACK = "https://rp.example/cb"


def request(method: str, url: str, **options: Any) -> httpx.Response:
    """Send a request without the machine's certificates, which take longer than the request."""
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.request(method, url, **options)


def get(url: str, **options: Any) -> httpx.Response:
    """Send a GET request."""
    return request("GET", url, **options)


def parts(jwt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token."""
    header, claims, _ = jwt.encode().split(b".")
    return json.loads(decode_base64url(header)), json.loads(decode_base64url(claims))


def post(
    provider: EmbeddedProvider,
    form: Mapping[str, str],
    *,
    key: DPoPKey | None = None,
    nonce: str | None = None,
    public: bool = False,
    path: str = "/token",
) -> httpx.Response:
    """Send a form as the provider's client, or as the public one, with a proof by ``key``."""
    url = provider.issuer + path
    proof = {} if key is None else {"dpop": create_dpop_proof(key, "POST", url, None, nonce)}
    named = {**form, "client_id": provider.public_client_id} if public else form
    auth = None if public else (provider.client_id, provider.client_secret)
    return request("POST", url, data=dict(named), auth=auth, headers=proof)


def authorize(provider: EmbeddedProvider, **parameters: str) -> dict[str, str]:
    """Log a user in; return what came back in the redirect."""
    url = f"{provider.issuer}/authorize"
    asked = {"response_type": "code", "client_id": provider.client_id, "redirect_uri": CALLBACK}
    answer = get(url, params={**asked, **parameters})
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def log_in(
    provider: EmbeddedProvider,
    *,
    key: DPoPKey | None = None,
    public: bool = False,
    scope: str = "openid api",
    **parameters: str,
) -> httpx.Response:
    """Log a user in and redeem the code."""
    verifier, challenge = generate_pkce_pair()
    client_id = provider.public_client_id if public else provider.client_id
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    found = authorize(provider, client_id=client_id, scope=scope, **pkce, **parameters)
    return redeem(provider, found["code"], verifier, key=key, public=public)


def redeem(
    provider: EmbeddedProvider,
    code: str,
    verifier: str,
    *,
    key: DPoPKey | None = None,
    public: bool = False,
) -> httpx.Response:
    """Redeem a code."""
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    return post(provider, {**form, "redirect_uri": CALLBACK}, key=key, public=public)


def renew(
    provider: EmbeddedProvider, token: str, *, key: DPoPKey | None = None, public: bool = False
) -> httpx.Response:
    """Present a refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return post(provider, form, key=key, public=public)


def userinfo(
    provider: EmbeddedProvider,
    token: str,
    *,
    scheme: str = "Bearer",
    key: DPoPKey | None = None,
    nonce: str | None = None,
) -> httpx.Response:
    """Ask who the user is."""
    url = f"{provider.issuer}/userinfo"
    proof = {} if key is None else {"dpop": create_dpop_proof(key, "GET", url, token, nonce)}
    headers = {"authorization": f"{scheme} {token}", **proof}
    return get(url, headers=headers)
