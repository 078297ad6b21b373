"""The documents are true: their programs run, their tables name what there is."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import re
import textwrap
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest
import trustme
from cryptography.fernet import Fernet
from sqlalchemy import NullPool, create_engine
from starlette.testclient import TestClient

import py_identity_model
from py_identity_model import (
    _settings,
    aio,
    http_client,
    identity,
    jwt_claim_types,
    logging_config,
    providers,
    ssl_config,
    testing,
)
from py_identity_model.testing import EmbeddedProvider
from py_identity_model.testing import provider as provider_module

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# The first stands for a new endpoint's tests, the second is written by a session.
NOT_IN_A_CHECKOUT = {"tests/protocol/test_x.py", "tests/browser/screenshots"}
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def provider() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(client_id="my-client", client_secret="my-secret") as running:
        yield running


def run(program: str, provider: EmbeddedProvider) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "program"}
    exec(program.replace("https://auth.example.com", provider.issuer), space)
    return space


def test_the_readme_has_three_jobs_of_about_ten_lines() -> None:
    assert len(PROGRAMS) == 3
    assert all(len([line for line in one.splitlines() if line]) <= 12 for one in PROGRAMS)


def test_the_api_of_the_readme_knows_who_is_calling(provider: EmbeddedProvider) -> None:
    browser = TestClient(run(PROGRAMS[0], provider)["app"])

    def status_and_answer(**claims: Any) -> tuple[int, str]:
        token = provider.mint(sub="alice", **claims)
        answer = browser.get("/me", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.text

    assert status_and_answer(aud="my-api", scope="read") == (200, '"hello alice"')
    assert status_and_answer(aud="my-api", scope="write")[0] == 403
    assert status_and_answer(aud="another", scope="read")[0] == 401
    assert browser.get("/me").status_code == 401


def test_the_application_of_the_readme_logs_users_in(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_SECRET", "0123456789abcdef" * 2)
    browser = run(PROGRAMS[1], provider)["app"].test_client()
    page = {"base_url": "https://app.example", "headers": {"Accept": "text/html"}}
    begun = browser.get(browser.get("/me", **page).headers["location"], **page)
    called = httpx.get(begun.headers["location"], trust_env=False).headers["location"]
    assert browser.get(called.replace("state=", "state=x"), **page).status_code == 400
    back = browser.get(called, **page)
    assert browser.get(back.headers["location"], **page).text == "hello alice"


def test_the_client_of_the_readme_puts_a_token_on_requests(provider: EmbeddedProvider) -> None:
    carried: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        carried.append(request.headers["authorization"])
        return httpx.Response(200)

    with run(PROGRAMS[2], provider)["http"] as http:
        http._transport = httpx.MockTransport(note)
        http.get("/orders")
    assert carried[0].startswith("Bearer eyJh")


def test_the_capabilities_in_the_table_exist() -> None:
    page = (ROOT / "docs" / "specifications.md").read_text()
    table = page[page.index("| capability |") : page.index("Every capability is there")]
    names = [
        name
        for line in table.splitlines()[2:]
        if line.startswith("|")
        for name in re.findall(r"`(\w+)`", line.split("|")[3])
    ]
    for name in names:
        assert name in py_identity_model.__all__
        assert name in aio.__all__
    waited_for = {name for name in aio.__all__ if inspect.iscoroutinefunction(getattr(aio, name))}
    assert waited_for <= {*names}


def test_every_link_of_a_document_leads_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        text = document.read_text()
        pictures = re.findall(r'(?:src|srcset)="([^"]+)"', text)
        for target in (*re.findall(r"\]\(([^)#]+)\)", text), *pictures):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_file_that_a_document_names_exists() -> None:
    beginnings = {f"{one.name}/" for one in ROOT.iterdir() if one.is_dir()}
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for name in re.findall(r"`([a-z]+/[\w/.]+)`", document.read_text()):
            if name.startswith(tuple(beginnings)) and name not in NOT_IN_A_CHECKOUT:
                assert (ROOT / name).exists(), f"{document.name}: {name}"


def test_every_promise_names_its_test() -> None:
    promises = (ROOT / "SECURITY.md").read_text().partition("## What the library promises\n")[2]
    rules = re.split(r"^- ", promises.partition("\n## ")[0], flags=re.MULTILINE)[1:]
    assert len(rules) > 15
    assert [rule for rule in rules if "`tests/" not in rule] == []


def test_every_setting_is_in_its_table_with_its_default() -> None:
    table = (ROOT / "docs/settings.md").read_text()
    settings = {
        name: value
        for name, value in vars(_settings).items()
        if isinstance(value, _settings.Setting)
    }
    assert len(settings) == 12
    for setting in settings.values():
        lines = [line for line in table.splitlines() if f"`{setting.names[0]}`" in line]
        row = next(
            line for line in lines if line.split("|")[2].strip().startswith(f"`{setting.names[0]}`")
        )
        _, _, variables, default, bounds, kind, _, _ = (cell.strip() for cell in row.split("|"))
        assert re.findall(r"`(\w+)`", variables) == list(setting.names)
        assert float(default) == setting.default
        assert bounds.startswith(f"{setting.lowest:g}…")
        assert kind == ("strict" if setting.strict else "lenient")


def test_a_line_of_the_contributing_guide_explains_each_dependency() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    wanted = re.search(r"^dependencies = \[(.*?)\]", project, re.DOTALL | re.MULTILINE)
    assert wanted is not None
    names = re.findall(r'"([a-z]+)', wanted[1])
    assert names == ["anyio", "cryptography", "httpx", "joserfc", "sniffio"]
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"| {name} | " in guide for name in names)


def test_every_extra_is_in_the_table() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    table = (ROOT / "docs/supported-versions.md").read_text()
    rows = re.findall(r"^\| (`[a-z0-9`, ]+) \|", table, re.MULTILINE)
    extras = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert extras == project["project"]["optional-dependencies"].keys()


def test_the_contributing_guide_lists_every_session() -> None:
    noxfile = (ROOT / "noxfile.py").read_text()
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    sessions = set(re.findall(r"^@nox\.session.*\ndef (\w+)", noxfile, re.MULTILINE))
    table = guide.partition("| `nox -s` | what |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == sessions
    usual = set(re.findall(r'"(\w+)"', noxfile.partition(".sessions = [")[2].partition("]")[0]))
    never = guide.partition("runs all of these but ")[2].partition(", and changes")[0]
    assert set(re.findall(r"`(\w+)`", never)) == sessions - usual
    run = re.search(r"-s (.*) \$found (.*) \|\|", (ROOT / "scripts/test").read_text())
    assert run is not None
    assert {*run[1].split(), "tests", *run[2].replace("$", "").split()} == usual


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert re.findall(r"`(scripts/\w+)`", README) == ["scripts/demo", "scripts/test"]
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text()


def documented() -> Iterator[tuple[str, str]]:
    """Yield every public name that has an example, with the example."""
    modules = [py_identity_model, aio, http_client, identity, logging_config, ssl_config]
    modules += [jwt_claim_types, testing, provider_module, providers]
    for module in modules:
        for name in getattr(module, "__all__", ["EmbeddedProvider"]):
            yield from examples_of(f"{module.__name__}:{name}", getattr(module, name))


def examples_of(name: str, thing: Any) -> Iterator[tuple[str, str]]:
    doc = inspect.getdoc(thing) or ""
    if "Example::" in doc and not isinstance(thing, dict):
        yield name, textwrap.dedent(doc.partition("Example::")[2])
    if inspect.isclass(thing):
        ours = [one for one in thing.__mro__ if one.__module__.startswith("py_identity_model")]
        members = {name: value for one in reversed(ours) for name, value in vars(one).items()}
        for member, value in members.items():
            function = getattr(value, "__func__", value)
            if not member.startswith("_") and inspect.isfunction(function):
                yield from examples_of(f"{name}.{member}", function)


EXAMPLES = dict(documented())


@pytest.fixture(scope="session")
def folder_of_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that examples name."""
    folder = tmp_path_factory.mktemp("files")
    certificate = trustme.CA().issue_cert("client.test")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "client.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "client.key"))
    return folder


def introspect_as_active(received: testing.Received) -> testing.Answer | None:
    return testing.Answer.of_json({"active": True}) if received.path == "/introspect" else None


class FakeRedis:
    """As much of a Redis client as examples need; `tests/redis` has a real one."""

    def set(self, *arguments: object, **options: object) -> bool:
        return True

    def delete(self, *keys: str) -> int:
        return len(keys)


def fake_redis_store(package: Any) -> Any:
    """Return a store that keeps tokens in this process."""
    return getattr(package, "AsyncMemoryTokenStore" if package is aio else "MemoryTokenStore")()


class FakeSigner:
    """As much of a signer as examples need."""

    algorithm, kid = "ES256", None

    def __init__(self, key: py_identity_model.DPoPKey) -> None:
        self.public_jwk = key.public_jwk

    def sign(self, message: bytes) -> bytes:
        return b""


def held_by_readers(provider: EmbeddedProvider, package: Any) -> dict[str, Any]:
    """Return the objects that examples keep, of one API."""
    prefix = "Async" if package is aio else ""
    verifier = getattr(package, f"{prefix}AccessTokenVerifier")
    opaque = getattr(package, f"{prefix}TokenIntrospector")
    secret = py_identity_model.ClientSecretBasic(provider.client_secret)
    source = getattr(package, f"{prefix}TokenSource")
    request = py_identity_model.ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )
    client = getattr(package, f"{prefix}OAuthClient")
    begun = py_identity_model.AuthorizationRequest(
        "https://op",
        provider.issuer,
        provider.client_id,
        "https://rp.example/cb",
        "s",
        "n",
        "v" * 43,
    )
    kept_client = client(
        provider.issuer,
        provider.client_id,
        secret,
        redirect_uri="https://rp.example/cb",
    )
    tokens = {"access_token": "a", "refresh_token": "r", "id_token": "i"}
    session = getattr(package, f"{prefix}Session")(tokens, {"sub": "alice"}, client=kept_client)
    auth = getattr(package, f"{prefix}MCPAuth")
    return {
        "auth": auth("https://mcp.example/mcp", str, redirect_uri="http://127.0.0.1:3000/cb"),
        "client": kept_client,
        "sessions": getattr(package, f"{prefix}MemorySessionStore")(),
        "begun": begun,
        "session": session,
        "redis_store": fake_redis_store(package),
        "sql_store": fake_redis_store(package),  # the same methods
        "redis_client": FakeRedis(),
        "fernet": Fernet(Fernet.generate_key()),
        "replays": py_identity_model.RedisReplayStore(FakeRedis()),
        "source": source(request),
        "verifier": verifier(provider.issuer, provider.audience),
        "opaque_tokens": opaque(f"{provider.issuer}/introspect", provider.client_id, secret),
    }


def found_by_readers(provider: EmbeddedProvider, folder: Path) -> dict[str, Any]:
    """Return what examples speak of without making it."""
    verifier, challenge = py_identity_model.generate_pkce_pair()
    key = py_identity_model.DPoPKey("ES256")
    pem = (folder / "client.pem").read_text()
    thumbprint = py_identity_model.compute_certificate_thumbprint(pem)
    id_token = provider.mint(aud="web", sub="alice", nonce="n", header={"typ": "JWT"})
    logout_token = provider.mint(
        aud=["web", provider.client_id],
        events={"http://schemas.openid.net/event/backchannel-logout": {}},
        header={"typ": "logout+jwt"},
    )
    jarm = provider.mint(aud="web", code="c", state="s")
    callback = py_identity_model.parse_authorize_callback_response("/cb?code=c&state=s")
    disco = py_identity_model.get_discovery_document(
        py_identity_model.DiscoveryDocumentRequest(provider.issuer)
    )
    return {
        "code_verifier": verifier,
        "challenge": challenge,
        "state": "s",
        "saved": "refresh",
        "key": key,
        "saved_pem": key.private_key_pem,
        "pem_text": key.private_key_pem,
        "signed_metadata": key.sign(
            {"alg": "ES256"}, {"iss": provider.issuer, "issuer": provider.issuer}
        ),
        "signing_keys": [key.public_jwk],
        "encryption_key": py_identity_model.jwks_from_dict(key.public_jwk),
        "saved_jwk": key._key.as_dict(private=True),
        "proof": "proof",
        "id_token": id_token,
        "jwt": logout_token,
        "security_event_token": provider.mint(
            aud=["web", "https://app.example/events"],
            events={"urn:example:event": {}},
            header={"typ": "secevent+jwt"},
        ),
        "engine": create_engine("sqlite://", poolclass=NullPool),
        "token": "token",
        "kept": {"state": "s", "nonce": "n", "logout_state": "s"},
        "query": {"state": "s"},
        "form": {"logout_token": logout_token},
        "request": SimpleNamespace(url=f"https://rp.example/cb?code=c&state=s&response={jarm}"),
        "response": httpx.Response(200),
        "httpx2": httpx2,
        "callback": callback,
        "disco": disco,
        "store": py_identity_model.MemoryReplayStore(),
        "claims": {"sub": "alice", "jti": "1", "iat": 1, "cnf": {"x5t#S256": thumbprint}},
        "client_certificate_pem": pem,
        "Path": Path,
        "folder": folder / "store",
        "open_browser": browse_beside,
        "request_object": "eyJ",
        "signed_jwt": "eyJ",
        "assertion": "PHNhbWw",
        "token_endpoint": f"{provider.issuer}/t",
        "device": py_identity_model.DeviceAuthorizationResponse(
            True, device_code="d", user_code="u", expires_in=1, interval=5
        ),
        "started": py_identity_model.BackchannelAuthenticationResponse(
            True, auth_req_id="a", expires_in=1, interval=5
        ),
        "registered": py_identity_model.ClientRegistrationResponse(
            True,
            client_id="c",
            client_secret="s",
            registration_access_token="t",
            registration_client_uri="https://r",
        ),
        "registration_uri": f"{provider.issuer}/reg",
        "registration_token": "t",
        "headers": {"Authorization": "Bearer n"},
        "verified": py_identity_model.VerifiedAccessToken(
            {"scope": "orders:write", "roles": ["admin"]}, "token"
        ),
        "saved_notification_token": "n",
        "body": b'{"auth_req_id": "a"}',
        "access_token": provider.mint(),
        "message": {"access_token": provider.mint(scope="read")},
        "open_in_browser": str,
        "signer": FakeSigner(key),
        "pushed": SimpleNamespace(request_uri="urn:ietf:params:oauth:request_uri:1"),
    }


def browse_beside(url: str) -> None:
    """Log in as a browser does, while the program waits."""
    options = {"follow_redirects": True, "trust_env": False}
    threading.Thread(target=httpx.get, args=(url,), kwargs=options).start()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 80


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_docstring_runs(
    name: str,
    provider: EmbeddedProvider,
    folder_of_files: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module, _, _ = name.partition(":")
    space: dict[str, Any] = {
        "Any": Any,
        **{word: getattr(py_identity_model, word) for word in py_identity_model.__all__},
        **vars(http_client),
        **vars(identity),
        **vars(logging_config),
        **vars(ssl_config),
        **vars(jwt_claim_types),
        **vars(testing),
        **{word: getattr(providers, word) for word in providers.__all__},
        "logging": importlib.import_module("logging"),
        "provider": provider,
        "access_token": provider.mint(),
        "jwks_uri": provider.jwks_uri,
        "principal": identity.to_principal({"sub": "1"}),
        "identity": identity.ClaimsIdentity([]),
        "token_cache": py_identity_model.TokenCache(),
        "secrets": importlib.import_module("secrets"),
    }
    space |= found_by_readers(provider, folder_of_files)
    example = EXAMPLES[name].replace("https://op.example", provider.issuer)
    monkeypatch.chdir(folder_of_files)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    if "opaque_tokens" in example:
        provider.intercept = introspect_as_active
    awaited = module.endswith((".aio", ".http_client"))
    space |= held_by_readers(provider, aio if awaited else py_identity_model)
    if awaited:
        space |= {word: getattr(aio, word) for word in aio.__all__}
        space["http_client"] = None
        body = textwrap.indent(example, "    ")
        opened = "    http_client = AsyncHTTPClient()\n" if "http_client.close" in example else ""
        exec(f"async def run():\n{opened}{body}\n", space)
        with expected(example):
            asyncio.run(space["run"]())
        return
    space["http_client"] = py_identity_model.HTTPClient()
    with expected(example):
        exec(example, space)
    space["http_client"].close()
    restore_logging()


UNFINISHED = (
    "client.callback(",
    "session.refresh(",
    "client.wait_for_",
    "client.poll_backchannel_login(",
)


def expected(example: str) -> contextlib.AbstractContextManager[object]:
    """Some examples show how to reject."""
    if example.strip().startswith("raise ClaimsValidationError"):
        return pytest.raises(py_identity_model.ClaimsValidationError)
    if any(call in example for call in UNFINISHED):  # nobody logged in, so the code is none
        return pytest.raises(py_identity_model.TokenRequestException)
    if "client.request_backchannel_login(" in example:  # the embedded provider has no CIBA
        return pytest.raises(py_identity_model.ConfigurationException, match="has no backchannel")
    return contextlib.nullcontext()


def restore_logging() -> None:
    import logging

    logging_config.logger.handlers[:] = [logging.NullHandler()]
    logging_config.logger.setLevel(logging.NOTSET)
