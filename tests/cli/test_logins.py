"""Logins of the command line: by browser and by device, kept, renewed and ended."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import keyring
import pytest
import typer
from joserfc import jwt
from joserfc.jwk import RSAKey, import_key
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from py_identity_model import (
    ConfigurationException,
    DPoPKey,
    clear_discovery_cache,
    keyring_encryption,
)
from py_identity_model.cli import storage
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering, failing, refused

from .conftest import Ran, Run


class Keyring(KeyringBackend):
    """A keyring in this process."""

    priority = 1

    @property
    def entries(self) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = vars(self).setdefault("kept", {})
        return found

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("PY_IDENTITY_MODEL_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring.__new__(fail.Keyring))
    yield
    keyring.set_keyring(before)


@pytest.fixture
def own_keyring(no_keyring: None) -> Keyring:
    ours = Keyring.__new__(Keyring)  # its base has no types for making one
    keyring.set_keyring(ours)
    return ours


@pytest.fixture(autouse=True)
def browser(provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A browser that follows redirects, beside the program; it ends before the provider does."""
    opened: list[str] = []
    threads: list[threading.Thread] = []

    def launch(url: str) -> int:
        opened.append(url)
        options = {"follow_redirects": True, "trust_env": False}
        threads.append(threading.Thread(target=httpx.get, args=(url,), kwargs=options))
        threads[-1].start()
        return 0

    monkeypatch.setattr(typer, "launch", launch)
    yield opened
    for thread in threads:
        thread.join()


def at(provider: EmbeddedProvider, client_id: str = "native") -> tuple[str, ...]:
    return ("-i", provider.issuer, "--client-id", client_id)


@pytest.fixture
def logged_in(run: Run, provider: EmbeddedProvider) -> Ran:
    ran = run("login", *at(provider), "--json")
    assert ran.status == 0, ran.out
    return ran


def test_a_login_says_who_it_is_and_how_it_is_kept(logged_in: Ran, home: Path) -> None:
    assert logged_in.json["subject"] == "alice"
    assert logged_in.json["renewable"] is True
    assert "not encrypted" in logged_in.json["stored"]
    assert str(home) in logged_in.json["stored"]


def test_a_keyring_protects_the_files(
    run: Run, own_keyring: Keyring, provider: EmbeddedProvider, home: Path
) -> None:
    ran = run("login", *at(provider), "--json")
    assert "encrypted by a key in the system's keyring" in ran.json["stored"]
    assert len(own_keyring.entries) == 1
    assert all(b"alice" not in place.read_bytes() for place in home.iterdir())
    assert run("token", *at(provider)).status == 0
    assert len(own_keyring.entries) == 1


def test_a_keyring_that_is_locked_later_makes_logins_unreadable(
    run: Run, own_keyring: Keyring, provider: EmbeddedProvider
) -> None:
    run("login", *at(provider))
    keyring.set_keyring(fail.Keyring.__new__(fail.Keyring))
    ran = run("token", *at(provider), "--json")
    assert (ran.status, ran.json["error"]["code"]) == (2, "unreadable_value")


class LockedKeyring(Keyring):
    """A keyring whose owner does not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("dismissed")


@pytest.fixture
def locked_keyring(no_keyring: None) -> None:
    keyring.set_keyring(LockedKeyring.__new__(LockedKeyring))


def values_in(home: Path) -> list[bytes]:
    return [content for place in home.iterdir() if (content := place.read_bytes())]


def test_a_locked_keyring_is_no_reason_to_store_without_encryption(
    run: Run, locked_keyring: None, provider: EmbeddedProvider, home: Path
) -> None:
    for command in (("login",), ("token",), ("token", "--client-credentials"), ("logout",)):
        ran = run(*command, *at(provider), "--json")
        assert (ran.status, ran.json["error"]["code"]) == (2, "keyring_unavailable")
        assert "PY_IDENTITY_MODEL_STORAGE=unencrypted-file" in ran.json["error"]["message"]
    assert provider.count("/authorize") == 0
    assert values_in(home) == []


def test_a_keyring_that_is_broken_is_no_reason_either(
    run: Run, provider: EmbeddedProvider, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*names: str) -> str:
        raise ModuleNotFoundError("No module named 'nosuch'")

    for name in ("get_keyring", "get_password"):
        monkeypatch.setattr(keyring, name, broken)
    ran = run("login", *at(provider), "--json")
    assert (ran.status, ran.json["error"]["code"]) == (2, "keyring_unavailable")
    assert values_in(home) == []


def test_files_without_encryption_are_stored_where_the_user_says_so(
    run: Run, locked_keyring: None, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PY_IDENTITY_MODEL_STORAGE", "unencrypted-file")
    ran = run("login", *at(provider), "--json")
    assert (ran.status, ran.json["encrypted"]) == (0, False)
    assert "not encrypted" in ran.err
    assert run("token", *at(provider)).status == 0


def test_a_keyring_can_be_required(
    run: Run, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PY_IDENTITY_MODEL_STORAGE", "keyring")
    ran = run("login", *at(provider), "--json")
    assert (ran.status, ran.json["error"]["code"]) == (2, "keyring_unavailable")
    monkeypatch.setenv("PY_IDENTITY_MODEL_STORAGE", "cloud")
    ran = run("login", *at(provider), "--json")
    assert (ran.status, ran.json["error"]["code"]) == (2, "configuration_error")


def test_a_machine_without_keyring_says_loudly_that_nothing_is_encrypted(logged_in: Ran) -> None:
    assert "Warning: this login is stored in" in logged_in.err
    assert "not encrypted" in logged_in.err
    assert logged_in.json["encrypted"] is False


def test_a_keyring_that_is_switched_off_counts_as_none(
    run: Run, provider: EmbeddedProvider
) -> None:
    keyring.set_keyring(null.Keyring.__new__(null.Keyring))
    assert run("login", *at(provider), "--json").json["encrypted"] is False


def test_protected_logins_are_not_replaced_where_the_keyring_is_out_of_reach(
    run: Run, own_keyring: Keyring, provider: EmbeddedProvider, home: Path
) -> None:
    """As in a session by SSH: the same machine, without its keyring."""
    ran = run("login", *at(provider), "--json")
    assert (ran.json["encrypted"], ran.err.count("Warning")) == (True, 0)
    keyring.set_keyring(fail.Keyring.__new__(fail.Keyring))
    before = values_in(home)
    again = run("login", *at(provider), "--json")
    assert (again.status, again.json["error"]["code"]) == (2, "unreadable_value")
    assert "PY_IDENTITY_MODEL_HOME" in again.json["error"]["message"]
    assert values_in(home) == before


def test_what_needs_no_login_needs_no_keyring(
    run: Run, locked_keyring: None, provider: EmbeddedProvider
) -> None:
    ran = run("revoke", *at(provider), stdin=provider.mint())
    assert (ran.status, ran.out.split()) == (0, ["revoked", "true"])


@pytest.fixture(params=["ES256", "RS256", "PS256"])
def own_key(request: pytest.FixtureRequest) -> DPoPKey:
    return DPoPKey(request.param)


def asserting(key: DPoPKey, seen: list[dict[str, Any]]) -> Any:
    """A token endpoint that knows the client by the public half of its key."""

    def answer(received: Received) -> Answer | None:
        if received.path not in {"/token", "/introspect"}:
            return None
        form = received.form
        assert "client_secret" not in form
        assert "authorization" not in received.headers
        token = jwt.decode(
            form["client_assertion"], import_key(dict(key.public_jwk)), algorithms=[key.algorithm]
        )
        seen.append({**token.header, **token.claims})
        return Answer.of_json({"access_token": "at", "token_type": "Bearer", "active": True})

    return answer


def test_a_client_authenticates_by_its_private_key(
    run: Run, provider: EmbeddedProvider, own_key: DPoPKey, tmp_path: Path
) -> None:
    seen: list[dict[str, Any]] = []
    provider.intercept = asserting(own_key, seen)
    (tmp_path / "key.pem").write_bytes(own_key.private_key_pem)
    options = (
        *at(provider, "machine"),
        *("--private-key", str(tmp_path / "key.pem"), "--key-algorithm", own_key.algorithm),
    )
    ran = run("token", "--client-credentials", *options)
    assert (ran.status, ran.out) == (0, "at\n")
    assert run("introspect", *options, "--key-id", "mine", stdin="at").status == 0
    assert [one["kid"] for one in seen] == [own_key.jwk_thumbprint, "mine"]
    assert {(one["iss"], one["sub"]) for one in seen} == {("machine", "machine")}


def test_a_jwk_says_how_it_signs_and_what_it_is_called(
    run: Run, provider: EmbeddedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []
    key = RSAKey.generate_key(2048, {"alg": "PS256", "kid": "of the JWK"})
    public = DPoPKey.from_jwk(json.dumps(key.as_dict(private=True)), "PS256")
    provider.intercept = asserting(public, seen)
    (tmp_path / "key.jwk").write_text(json.dumps(key.as_dict(private=True)))
    monkeypatch.setenv("OIDC_PRIVATE_KEY_FILE", str(tmp_path / "key.jwk"))
    assert run("token", "--client-credentials", *at(provider, "machine")).status == 0
    assert (seen[0]["kid"], seen[0]["alg"]) == ("of the JWK", "PS256")


def test_keys_that_cannot_sign_are_wrong_usage(
    run: Run, provider: EmbeddedProvider, tmp_path: Path
) -> None:
    (tmp_path / "junk").write_text("s3cret junk")
    (tmp_path / "key.pem").write_bytes(DPoPKey().private_key_pem)
    pem = ("--private-key", str(tmp_path / "key.pem"))
    for wrong in (
        ("--private-key", str(tmp_path / "junk")),
        ("--private-key", str(tmp_path / "nowhere")),
        (*pem, "--secret-stdin"),
        (*pem, "--key-algorithm", "RS256"),
        ("--key-id", "mine"),
    ):
        ran = run("token", "--client-credentials", *at(provider), *wrong, "--json", stdin="x\n")
        assert ran.status == 2, ran
        assert "s3cret" not in ran.out + ran.err
    assert provider.count("/token") == 0


def test_a_damaged_key_is_no_key(own_keyring: Keyring) -> None:
    own_keyring.set_password("py-identity-model", "encryption key", "junk")
    with refused(ConfigurationException, "keyring_unavailable"):
        keyring_encryption()


def test_without_keyring_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with refused(ConfigurationException, "keyring_unavailable") as caught:
        keyring_encryption()
    assert "cli" in caught.value.message


def test_the_address_is_printed_where_no_browser_is(
    run: Run, provider: EmbeddedProvider, browser: list[str]
) -> None:
    ran = run("login", *at(provider), "--no-browser", "--timeout", "0.1", "--json")
    assert (ran.status, ran.json["error"]["code"]) == (3, "deadline_exceeded")
    assert "Open http://127.0.0.1" in ran.err
    assert browser == []


def test_only_scopes_that_the_provider_knows_are_asked_for(run: Run) -> None:
    scopes = ("openid", "offline_access", "orders")
    with EmbeddedProvider(scopes=scopes) as provider:
        assert run("login", *at(provider)).status == 0
        document = Answer.of_json({**provider.document(), "scopes_supported": None})
        provider.intercept = answering("/.well-known/openid-configuration", document)
        clear_discovery_cache()
        assert run("login", *at(provider)).status == 0
        asked = [one.query["scope"] for one in provider.requests if one.path == "/authorize"]
    assert asked == ["openid offline_access", "openid"]


def test_a_login_by_device_shows_its_code(run: Run, provider: EmbeddedProvider) -> None:
    def decide(received: Received) -> Answer | None:
        if received.path == "/token":
            codes = [one["user_code"] for one in provider._oauth.devices.values()]
            provider.decide_device(codes[0])
        return None

    provider.intercept = decide
    ran = run("login", *at(provider), "--device", "--json")
    assert (ran.status, ran.json["subject"]) == (0, "alice")
    assert "and enter" in ran.err


def test_a_token_is_printed_alone(run: Run, logged_in: Ran, provider: EmbeddedProvider) -> None:
    ran = run("token", *at(provider))
    assert (ran.out.count("."), ran.out.count("\n"), ran.err) == (2, 1, "")


def test_another_token_comes_silently_by_the_refresh_token(
    run: Run, logged_in: Ran, provider: EmbeddedProvider
) -> None:
    first = run("token", *at(provider))
    other = run("token", *at(provider), "--resource", "https://orders.test")
    assert (first.status, other.status) == (0, 0)
    assert first.out != other.out
    assert provider.count("/authorize") == 1
    assert provider.requests[-1].form["grant_type"] == "refresh_token"


def test_a_fresh_token_is_not_renewed(run: Run, logged_in: Ran, provider: EmbeddedProvider) -> None:
    assert run("token", *at(provider)).out == run("token", *at(provider)).out
    assert provider.count("/token") == 1


def test_nobody_is_logged_in_at_first(run: Run, provider: EmbeddedProvider) -> None:
    for command in ("token", "userinfo", "logout"):
        ran = run(command, *at(provider), "--json")
        assert (ran.status, ran.json["error"]["code"]) == (4, "login_required")


def test_a_machine_has_tokens_of_its_own(
    run: Run, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("token", *at(provider, "machine"), "--client-credentials", "-s", "read")
    piped = run(*options, "--secret-stdin", stdin=f"{provider.client_secret}\n")
    assert piped.status == 0
    monkeypatch.setenv("OIDC_CLIENT_SECRET", provider.client_secret)
    assert run(*options).out == piped.out  # stored
    assert provider.count("/token") == 1
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "wrong")
    wrong = run("token", *at(provider, "machine"), "--client-credentials", "--json")
    assert (wrong.status, wrong.json["error"]["code"]) == (3, "token_request_error")
    assert run(*options, "--secret-stdin", stdin="\n").status == 2


def test_a_refused_token_is_replaced(
    run: Run, logged_in: Ran, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options in (at(provider), (*at(provider, "machine"), "--client-credentials")):
        first = run("token", *options)
        second = run("token", *options, "--renew")
        assert (first.status, second.status) == (0, 0)
        assert first.out != second.out
        assert run("token", *options).out == second.out
        monkeypatch.setenv("OIDC_CLIENT_SECRET", provider.client_secret)


def test_a_secret_comes_from_the_keyring(
    run: Run, own_keyring: Keyring, provider: EmbeddedProvider
) -> None:
    own_keyring.set_password(
        "py-identity-model", f"{provider.issuer} machine", provider.client_secret
    )
    ran = run("token", *at(provider, "machine"), "--client-credentials")
    assert ran.status == 0


def test_userinfo_is_printed(run: Run, logged_in: Ran, provider: EmbeddedProvider) -> None:
    provider.user_claims = {"email": "alice@example.com"}
    ran = run("userinfo", *at(provider))
    assert "alice@example.com" in ran.out
    provider.intercept = failing("/userinfo")
    assert run("userinfo", *at(provider)).status == 3


def test_a_logout_ends_everything(
    run: Run, logged_in: Ran, provider: EmbeddedProvider, browser: list[str]
) -> None:
    token = run("token", *at(provider)).out
    ran = run("logout", *at(provider))
    assert ran.status == 0
    assert "/end_session?" in browser[-1]
    assert run("token", *at(provider)).status == 4
    assert token not in ran.out
    assert [one.path for one in provider.requests].count("/revoke") == 1


def test_a_provider_that_revokes_nothing_does_not_keep_the_login(
    run: Run, logged_in: Ran, provider: EmbeddedProvider, home: Path
) -> None:
    document = provider.document()
    for name in ("revocation_endpoint", "end_session_endpoint"):
        del document[name]
    provider.intercept = answering("/.well-known/openid-configuration", Answer.of_json(document))
    clear_discovery_cache()
    ran = run("logout", *at(provider), "--json")
    assert ran.json == {"logged_out": True, "revoked": False, "end_session_url": None}
    assert [
        one.name for one in home.iterdir() if "lock" not in one.name and "guard" not in one.name
    ] == []


def test_a_token_is_introspected_and_revoked(
    run: Run, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", provider.client_secret)
    options = at(provider, "machine")
    token = run("token", *options, "--client-credentials").out
    assert run("introspect", *options, "--json", stdin=token).json["active"] is True
    assert run("revoke", *options, stdin=token).status == 0
    after = run("introspect", *options, "--json", stdin=token)
    assert (after.status, after.json["active"]) == (1, False)
    provider.intercept = failing("/introspect")
    assert run("introspect", *options, stdin=token).status == 3


@pytest.mark.parametrize(
    ("system", "variable", "end"),
    [
        ("linux", "XDG_STATE_HOME", "state/py-identity-model"),
        ("darwin", "HOME", "Library/Application Support/py-identity-model"),
        ("win32", "LOCALAPPDATA", "py-identity-model"),
    ],
)
def test_each_system_has_a_place_for_logins(
    system: str, variable: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PY_IDENTITY_MODEL_HOME")
    monkeypatch.setenv(variable, str(tmp_path / ("state" if system == "linux" else "")))
    monkeypatch.setattr("sys.platform", system)
    assert storage.home() == tmp_path / end


def test_no_secret_is_shown(
    run: Run, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "s3cret-of-the-client")
    outputs: list[Any] = [
        run("login", *at(provider, "machine"), "--json"),
        run("token", *at(provider, "machine"), "--client-credentials"),
        run("logout", *at(provider, "machine"), "--json"),
    ]
    assert "s3cret-of-the-client" not in json.dumps([[one.out, one.err] for one in outputs])
