"""The embedded provider, as its users meet it: over HTTP."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import json
import socket
import ssl
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from py_identity_model import ConfigurationException, InvalidArgumentError
from py_identity_model._jose.encoding import decode_base64url
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import refused


def parts(jwt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = jwt.encode().split(b".")
    return json.loads(decode_base64url(header)), json.loads(decode_base64url(claims))


def test_a_minted_token_is_valid_by_default(provider: EmbeddedProvider) -> None:
    header, claims = parts(provider.mint())
    assert header == {"alg": "RS256", "typ": "at+jwt", "kid": provider.keys[0].kid}
    assert claims.keys() == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti"}
    header, claims = parts(
        provider.mint(algorithm="EdDSA", header={"typ": None, "x": 1}, sub="alice", exp=None)
    )
    assert header == {"alg": "EdDSA", "kid": provider.keys[2].kid, "x": 1}
    assert claims["sub"] == "alice"
    assert "exp" not in claims


def test_an_algorithm_without_a_key_is_refused(provider: EmbeddedProvider) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        provider.mint(algorithm="PS256")


def test_keys_are_replaced_or_remain_beside_the_new_ones(provider: EmbeddedProvider) -> None:
    old = {key.kid for key in provider.keys}
    provider.rotate_keys(keep_old=True)
    both = {key.kid for key in provider.keys}
    assert old < both
    assert len(both) == 6
    provider.rotate_keys()
    assert not {key.kid for key in provider.keys} & both


def test_only_public_members_are_published(provider: EmbeddedProvider) -> None:
    published = httpx.get(provider.jwks_uri).json()["keys"]
    assert [key["alg"] for key in published] == ["RS256", "ES256", "EdDSA"]
    assert not any(key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"} for key in published)


def ask(provider: EmbeddedProvider, **form: str) -> httpx.Response:
    return httpx.post(
        provider.token_endpoint,
        data={"grant_type": "client_credentials", **form},
        auth=(provider.client_id, provider.client_secret),
    )


def test_a_client_gets_what_it_may_have(provider: EmbeddedProvider) -> None:
    answer = ask(provider, scope="read").json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    assert answer["scope"] == "read"
    assert parts(answer["access_token"])[1]["scope"] == "read"
    assert ask(provider).json()["scope"] == "api read write"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"scope": "galaxy"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_request_it_cannot_grant_is_refused(
    provider: EmbeddedProvider, form: dict[str, str], status: int, error: str
) -> None:
    answer = ask(provider, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize("auth", [None, ("machine", "wrong"), ("stranger", "x")])
def test_a_client_that_does_not_prove_itself_is_refused(
    provider: EmbeddedProvider, auth: tuple[str, str] | None
) -> None:
    answer = httpx.post(
        provider.token_endpoint, data={"grant_type": "client_credentials"}, auth=auth
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_body_is_read_to_its_end_and_no_further(provider: EmbeddedProvider) -> None:
    with httpx.Client() as client:
        for _ in range(2):
            assert client.put(f"{provider.issuer}/nothing", content=b"x" * 1000).status_code == 404
    assert [len(request.body) for request in provider.requests] == [1000, 1000]


def test_requests_are_recorded_without_showing_them(provider: EmbeddedProvider) -> None:
    ask(provider)
    (received,) = provider.requests
    assert received.path == "/token"
    assert provider.count("/token") == 1
    assert provider.client_secret not in repr(received)


def test_an_interceptor_answers_in_the_providers_place(provider: EmbeddedProvider) -> None:
    def intercept(received: Received) -> Answer | None:
        if received.path == "/jwks":
            return Answer.of_json({"keys": []}, 203, x_own="yes")
        return None

    provider.intercept = intercept
    answer = httpx.get(provider.jwks_uri)
    assert (answer.status_code, answer.headers["x-own"]) == (203, "yes")
    assert httpx.get(provider.discovery_endpoint).json() == provider.document()


def test_a_peer_without_tls_does_no_harm() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = trustme.CA()
    authority.issue_cert("localhost").configure_cert(context)
    with EmbeddedProvider(tls=context, host="localhost") as provider:
        port = int(provider.issuer.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as rude:
            rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                rude.recv(100)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        assert httpx.get(provider.jwks_uri, verify=trusting).status_code == 200


def test_it_listens_on_its_own_loopback_address_alone(provider: EmbeddedProvider) -> None:
    port = urlsplit(provider.issuer).port
    with socket.create_connection(("127.0.0.1", port)):
        pass
    with pytest.raises(OSError, match=r"refused|timed out|assign"):
        socket.create_connection(("127.0.0.2", port), timeout=1)


def test_closing_ends_connections_that_are_still_open(provider: EmbeddedProvider) -> None:
    with httpx.Client() as client:
        client.get(provider.jwks_uri)
        provider.close()
        with pytest.raises(httpx.TransportError):
            client.get(provider.jwks_uri)


def test_closing_ends_connections_over_tls_as_well() -> None:
    others = {*threading.enumerate()}  # those of a provider that all tests share
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority = trustme.CA()
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(trusting)
    provider = EmbeddedProvider(tls=context, host="localhost")
    with httpx.Client(verify=trusting) as client:
        client.get(provider.jwks_uri)
        started = {*threading.enumerate()} - others
        serving = [one for one in started if "process_request" in one.name]
        provider.close()
        assert serving
        assert not any(one.is_alive() for one in serving)


def test_a_peer_that_disconnects_early_does_no_harm(provider: EmbeddedProvider) -> None:
    port = int(provider.issuer.rpartition(":")[2])
    provider.intercept = lambda received: Answer(200, b"x" * 10_000_000)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as rude:
            rude.sendall(b"GET /jwks HTTP/1.1\r\nhost: x\r\n\r\n")
    provider.intercept = None
    assert httpx.get(provider.jwks_uri).status_code == 200


def test_without_its_extra_the_package_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = sys.modules["py_identity_model.testing._authlib"]
    real = builtins.__import__

    def without_authlib(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("authlib"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_authlib)
    with refused(ConfigurationException, "missing_extra"):
        importlib.reload(module)


def test_an_unknown_client_or_device_is_refused(provider: EmbeddedProvider) -> None:
    url = f"{provider.issuer}/authorize"
    for wrong in ({"response_type": "code"}, {"response_type": "odd", "client_id": "machine"}):
        answer = httpx.get(url, params=wrong, trust_env=False)
        assert answer.status_code in {400, 401}
    with pytest.raises(InvalidArgumentError):
        provider.decide_device("NOPE")
    answer = httpx.get(f"{provider.issuer}/end_session", trust_env=False)
    assert answer.json() == {"logged_out": True}


def test_users_are_sent_back_only_where_that_is_registered() -> None:
    known = "https://rp.example/cb"
    with EmbeddedProvider(redirect_uris=[known]) as provider:
        asked = {"response_type": "code", "client_id": "machine", "scope": "openid"}
        url = f"{provider.issuer}/authorize"
        for target, status in ((known, 302), ("https://evil.example/cb", 400)):
            answer = httpx.get(url, params={**asked, "redirect_uri": target}, trust_env=False)
            assert answer.status_code == status
        assert httpx.get(url, params=asked, trust_env=False).status_code == 302
