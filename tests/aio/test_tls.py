"""Which certificate authorities are trusted, over real TLS with a private one."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from py_identity_model._tls import TLSContexts, tls_contexts
from py_identity_model.aio import (
    AsyncHTTPClient,
    ClientSecretBasic,
    JwksRequest,
    MtlsClientAuth,
    NoClientAuthentication,
    SpiffeX509,
    TlsClientAuth,
    TokenIntrospectionRequest,
    TokenValidationConfig,
    get_jwks,
    introspect_token,
    validate_token,
    workload_identity,
)
from py_identity_model.aio._transport import sending
from py_identity_model.aio._transport.http import default_http_client
from py_identity_model.exceptions import InvalidArgumentError, TokenValidationException
from py_identity_model.ssl_config import get_ssl_verify
from py_identity_model.testing import EmbeddedProvider
from tests.support import Tunnel, hashed_name, refused

VARIABLES = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[EmbeddedProvider]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with EmbeddedProvider(tls=context, host="localhost") as provider:
        yield provider


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@pytest.fixture
def folder(authority: trustme.CA, tmp_path: Path) -> Path:
    found = tmp_path / "authorities"
    found.mkdir()
    content = authority.cert_pem.bytes()
    (found / hashed_name(content)).write_bytes(content)
    return found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "0")


def tell_of_contexts(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[[dict[str, object]], None]
) -> None:
    create = ssl.create_default_context

    def failing(**options: Any) -> ssl.SSLContext:
        tell(options)
        return create(**options)

    monkeypatch.setattr(ssl, "create_default_context", failing)


async def trusted(provider: EmbeddedProvider, verify: str | bool | None = None) -> bool:
    get_ssl_verify.cache_clear()
    async with AsyncHTTPClient(verify=verify) as client:
        response = await get_jwks(JwksRequest(provider.jwks_uri), client)
    assert response.is_successful or "CERTIFICATE_VERIFY_FAILED" in str(response.error)
    return response.is_successful


async def test_a_private_authority_is_not_trusted_by_itself(secure: EmbeddedProvider) -> None:
    assert not await trusted(secure)


async def test_a_certificate_for_another_name_is_not_trusted(
    authority: trustme.CA, bundle: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(context)
    with EmbeddedProvider(tls=context, host="localhost") as provider:
        assert not await trusted(provider, str(bundle))


async def test_a_proxy_is_asked_for_a_tunnel_and_sees_nothing_else(
    secure: EmbeddedProvider, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Tunnel() as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        assert await trusted(secure, str(bundle))
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        assert await trusted(secure)
    assert len(tunnel.asked) == 2
    for asked in tunnel.asked:
        assert asked.startswith(b"CONNECT localhost:")
        assert asked.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("name", VARIABLES)
async def test_each_variable_may_name_a_file_or_a_folder(
    secure: EmbeddedProvider,
    bundle: Path,
    folder: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in (bundle, folder):
        monkeypatch.setenv(name, str(place))
        before = dict(os.environ)
        assert await trusted(secure)
        assert dict(os.environ) == before


async def test_the_first_variable_that_is_set_wins(
    secure: EmbeddedProvider, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for index, name in enumerate(VARIABLES[:-1]):
        monkeypatch.setenv(name, str(other))
        for later in VARIABLES[index + 1 :]:
            monkeypatch.setenv(later, str(bundle))
        assert not await trusted(secure)
        monkeypatch.setenv(name, "")
        assert await trusted(secure)


async def test_openssls_own_folder_is_used(
    secure: EmbeddedProvider, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert await trusted(secure)


async def test_a_client_may_be_given_its_authorities(
    secure: EmbeddedProvider, bundle: Path, folder: Path
) -> None:
    assert await trusted(secure, str(bundle))
    assert await trusted(secure, str(folder))
    assert await trusted(secure, False)
    assert not await trusted(secure, True)


async def test_authorities_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("not a certificate")
    for place in (nonsense, tmp_path / "missing.pem"):
        with refused(InvalidArgumentError, "invalid_ca_bundle"):
            AsyncHTTPClient(verify=str(place))


async def test_clients_that_trust_the_same_share_one_context(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    tell_of_contexts(monkeypatch, made.append)
    monkeypatch.setattr(tls_contexts, "_contexts", {})
    for _ in range(20):
        await AsyncHTTPClient(verify=str(bundle)).close()
    assert len(made) == 1


async def test_certificates_are_read_only_for_addresses_that_need_them(
    secure: EmbeddedProvider, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    tell_of_contexts(monkeypatch, made.append)
    monkeypatch.setattr(tls_contexts, "_contexts", {})
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    get_ssl_verify.cache_clear()
    await default_http_client().close()
    with EmbeddedProvider() as plain:
        assert (await get_jwks(JwksRequest(plain.jwks_uri))).is_successful
    assert made == []
    for _ in range(2):
        assert (await get_jwks(JwksRequest(secure.jwks_uri))).is_successful
        await default_http_client().close()
    assert made == [{"cafile": str(bundle)}]


async def test_a_variable_without_certificates_is_reported_when_they_are_needed(
    secure: EmbeddedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "missing.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(missing))
    get_ssl_verify.cache_clear()
    await default_http_client().close()
    with EmbeddedProvider() as plain:
        assert (await get_jwks(JwksRequest(plain.jwks_uri))).is_successful
    response = await get_jwks(JwksRequest(secure.jwks_uri))
    assert f"the certificate authorities in '{missing}' cannot be read" in str(response.error)
    config = TokenValidationConfig(perform_disco=True, audience="api")
    with refused(TokenValidationException, "client_unusable") as caught:
        await validate_token(secure.mint(), config, secure.issuer)
    assert f"the certificate authorities in '{missing}' cannot be read" in str(caught.value)


def test_a_lazy_context_behaves_like_the_context(bundle: Path) -> None:
    contexts = TLSContexts()
    late = contexts.lazy(str(bundle))
    assert isinstance(late, ssl.SSLContext)
    assert len(contexts) == 0
    assert late.verify_mode is ssl.CERT_REQUIRED
    assert late.get_ca_certs() == contexts.get(str(bundle)).get_ca_certs() != []
    with pytest.raises(AttributeError):
        late.verify_mode = ssl.CERT_NONE


def test_certificates_are_read_once_and_by_another_thread_where_they_can_be(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[threading.Thread] = []
    begun = threading.Event()

    def note(options: object) -> None:
        readers.append(threading.current_thread())
        begun.set()

    tell_of_contexts(monkeypatch, note)
    contexts = TLSContexts()
    contexts.lazy(str(bundle)).preload()
    assert begun.wait(10)
    contexts.lazy(str(bundle)).preload()
    context = contexts.get(str(bundle))
    contexts.lazy(str(bundle)).preload()
    assert contexts.get(str(bundle)) is context
    (reader,) = readers
    assert reader is not threading.current_thread()


def test_a_context_is_available_while_another_is_created(bundle: Path) -> None:
    contexts, had = TLSContexts(), threading.Event()
    context = contexts.get(str(bundle))

    def get() -> None:
        if contexts.get(str(bundle)) is context:
            had.set()

    with contexts._lock:
        threading.Thread(target=get, daemon=True).start()
        assert had.wait(5)


def test_certificates_are_read_without_another_thread(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    contexts = TLSContexts()
    contexts.lazy(str(bundle)).preload()
    assert contexts.get(str(bundle)).get_ca_certs()


def test_a_file_that_another_thread_could_not_read_is_refused_when_needed(tmp_path: Path) -> None:
    contexts, missing = TLSContexts(), str(tmp_path / "missing.pem")
    contexts.lazy(missing).preload()
    with refused(InvalidArgumentError, "invalid_ca_bundle"):
        contexts.get(missing)


@pytest.mark.skipif(httpx.__name__ != "httpx", reason="httpx2 trusts what the system trusts")
@pytest.mark.parametrize("there", [True, False])
def test_the_authorities_that_httpx_trusts_are_trusted_unless_others_are_named(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    if not there:
        monkeypatch.setitem(sys.modules, "certifi", None)
        usual = ssl.create_default_context()
        monkeypatch.setattr(httpx, "create_ssl_context", lambda trust_env: usual)
        assert TLSContexts().get(True) is usual
    else:
        usual = httpx.create_ssl_context(trust_env=False)
        assert TLSContexts().get(True).get_ca_certs() == usual.get_ca_certs() != []


def test_a_forked_child_has_a_lock_of_its_own() -> None:
    contexts = TLSContexts()
    lock = contexts._lock
    contexts._forget_parent()
    assert contexts._lock is not lock


@pytest.fixture
def demanding(
    authority: trustme.CA, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmbeddedProvider]:
    """A provider that talks only to clients with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    get_ssl_verify.cache_clear()
    with EmbeddedProvider(tls=context, host="localhost") as provider:
        yield provider


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> MtlsClientAuth:
    issued = authority.issue_cert("client.test")
    names = str(tmp_path / "client.pem"), str(tmp_path / "client.key")
    issued.cert_chain_pems[0].write_to_path(names[0])
    issued.private_key_pem.write_to_path(names[1])
    return MtlsClientAuth(*names)


async def test_a_certificate_is_presented_for_one_call(
    demanding: EmbeddedProvider, certificate: MtlsClientAuth
) -> None:
    request = TokenIntrospectionRequest(
        f"{demanding.issuer}/introspect", "t", demanding.client_id, mtls=certificate
    )
    request.client_authentication = ClientSecretBasic(demanding.client_secret)
    response = await introspect_token(request)
    assert response.claims == {"active": False}
    request.mtls = None
    chosen = TlsClientAuth(certificate.certificate, certificate.private_key)
    request.client_authentication = chosen
    response = await introspect_token(request)
    assert response.oauth_error == "invalid_client"  # it has a secret, and does not show it
    assert demanding.count("/introspect") == 2


async def test_an_x509_svid_is_read_again_after_its_rotation(
    demanding: EmbeddedProvider, certificate: MtlsClientAuth
) -> None:
    identity = workload_identity(
        demanding.issuer,
        spiffe_certificate_file=certificate.certificate,
        spiffe_key_file=certificate.private_key,
    )
    assert identity == SpiffeX509(certificate.certificate, certificate.private_key)
    request = TokenIntrospectionRequest(
        f"{demanding.issuer}/introspect", "t", demanding.public_client_id
    )
    request.client_authentication = identity
    assert (await introspect_token(request)).is_successful
    names = certificate.certificate, certificate.private_key
    good = [Path(name).read_bytes() for name in names]
    foreign = trustme.CA().issue_cert("client.test")
    foreign.cert_chain_pems[0].write_to_path(certificate.certificate)
    foreign.private_key_pem.write_to_path(certificate.private_key)
    assert not (await introspect_token(request)).is_successful
    for name, content in zip(names, good, strict=True):
        Path(name).write_bytes(content)
    assert (await introspect_token(request)).is_successful


@pytest.mark.parametrize("state", ["mixed", "half", "missing"])
async def test_an_x509_svid_that_is_being_replaced_is_read_again(
    demanding: EmbeddedProvider,
    certificate: MtlsClientAuth,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
) -> None:
    """Helpers write the certificate and its key one after the other."""
    key = Path(certificate.private_key)
    good = key.read_bytes()
    foreign = trustme.CA().issue_cert("client.test").private_key_pem.bytes()
    if state == "missing":
        key.unlink()
    else:
        key.write_bytes(foreign if state == "mixed" else good[:60])
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            key.write_bytes(good)

    monkeypatch.setattr(sending, "sleep", pause)
    request = TokenIntrospectionRequest(
        f"{demanding.issuer}/introspect",
        "t",
        demanding.public_client_id,
        client_authentication=SpiffeX509(certificate.certificate, certificate.private_key),
    )
    assert (await introspect_token(request)).is_successful
    assert waited == [0.05, 0.1]
    key.unlink()
    response = await introspect_token(request)
    assert "client certificate cannot be used" in str(response.error)


async def test_a_kind_of_certificate_that_is_not_registered_is_refused(
    demanding: EmbeddedProvider, certificate: MtlsClientAuth
) -> None:
    odd = replace(certificate, auth_method="client_secret_basic")
    request = TokenIntrospectionRequest(f"{demanding.issuer}/x", "t", "web", mtls=odd)
    response = await introspect_token(request)
    assert "auth_method must be one of" in str(response.error)


async def test_a_key_that_needs_a_password_is_not_asked_for_at_the_terminal(
    demanding: EmbeddedProvider, certificate: MtlsClientAuth, tmp_path: Path
) -> None:
    key = load_pem_private_key(Path(certificate.private_key).read_bytes(), None)
    locked = tmp_path / "locked.key"
    encryption = BestAvailableEncryption(b"hidden")
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    request = TokenIntrospectionRequest(
        f"{demanding.issuer}/introspect",
        "t",
        demanding.public_client_id,
        mtls=replace(certificate, private_key=str(locked)),
        client_authentication=NoClientAuthentication(),
    )
    assert "client certificate cannot be used" in str((await introspect_token(request)).error)
    assert request.mtls is not None
    request.mtls = replace(request.mtls, password="hidden")
    assert (await introspect_token(request)).is_successful


def another(authority: trustme.CA, folder: Path, kind: str) -> MtlsClientAuth:
    key_type = trustme.KeyType[kind]
    issued = authority.issue_cert(f"{kind.lower()}.test", key_type=key_type)
    names = str(folder / f"{kind}.pem"), str(folder / f"{kind}.key")
    issued.cert_chain_pems[0].write_to_path(names[0])
    issued.private_key_pem.write_to_path(names[1])
    return MtlsClientAuth(*names)


async def test_a_client_presents_its_certificate_and_trusts_its_own_authority(
    demanding: EmbeddedProvider,
    authority: trustme.CA,
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    get_ssl_verify.cache_clear()
    request = JwksRequest(demanding.jwks_uri)
    several = [another(authority, tmp_path, kind) for kind in ("RSA", "ECDSA")]
    for certificate in (several[0], several):
        async with AsyncHTTPClient(verify=str(bundle), certificate=certificate) as client:
            assert client.presents_certificate
            assert (await get_jwks(request, client)).is_successful
    async with AsyncHTTPClient(verify=str(bundle)) as client:
        assert not (await get_jwks(request, client)).is_successful
    async with AsyncHTTPClient(certificate=several) as client:
        assert "CERTIFICATE_VERIFY_FAILED" in str((await get_jwks(request, client)).error)


def test_certificates_that_exclude_each_other_are_refused(
    authority: trustme.CA, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    same = [another(authority, folder, "RSA") for folder in (tmp_path, tmp_path / "other")]
    with refused(InvalidArgumentError, "conflicting_client_certificates"):
        AsyncHTTPClient(certificate=same)
    with refused(InvalidArgumentError, "invalid_client_certificate"):
        AsyncHTTPClient(certificate=[])
    with refused(InvalidArgumentError, "invalid_client_certificate"):
        AsyncHTTPClient(certificate=MtlsClientAuth("nowhere.pem", "nowhere.key"))


async def test_a_certificate_and_a_client_made_elsewhere_are_refused(
    certificate: MtlsClientAuth,
) -> None:
    async with httpx.AsyncClient() as made:
        with pytest.raises(InvalidArgumentError, match="existing client"):
            AsyncHTTPClient(made, certificate=certificate)
