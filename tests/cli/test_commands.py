"""``discover``, ``decode``, ``keys`` and ``serve``."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from pathlib import Path

import httpx
import pytest

from py_identity_model import (
    AccessTokenVerifier,
    DPoPKey,
    JsonWebKeySet,
    __version__,
    cli,
    verify_jws,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model.cli import serve
from py_identity_model.testing import Answer, EmbeddedProvider, standalone
from py_identity_model.testing.__main__ import main
from tests.support import DISCOVERY, answering, failing

from .conftest import Ran, Run


def named(ran: Ran, name: str) -> dict[str, str]:
    return next(one for one in ran.json["checks"] if one["name"] == name)


def test_a_plain_provider_works(run: Run, provider: EmbeddedProvider) -> None:
    ran = run("discover", "-i", provider.issuer, "--json")
    assert (ran.status, ran.json["verdict"]) == (0, "it works")
    assert named(ran, "strict policy")["outcome"] == "ok"
    assert named(ran, "token")["found"] == provider.token_endpoint
    assert named(ran, "backchannel_authentication")["outcome"] == "skipped"
    assert ran.json["document"]["issuer"] == provider.issuer


def test_the_policy_that_accepts_other_hosts_is_printed(run: Run) -> None:
    with EmbeddedProvider(quirks=["foreign-hosts"]) as provider:
        ran = run("discover", "-i", provider.issuer)
    port = provider.issuer.rpartition(":")[2]
    assert ran.status == 0
    assert f"additional_endpoint_base_addresses=['http://localhost:{port}']" in ran.out


def test_the_policy_that_is_printed_works(run: Run) -> None:
    from py_identity_model import (
        DiscoveryDocumentRequest,
        DiscoveryPolicy,
        get_discovery_document,
    )

    with EmbeddedProvider(quirks=["unknown-response-types", "foreign-hosts"]) as provider:
        ran = run("discover", "-i", provider.issuer, "--json")
        line = named(ran, "strict policy")["remedy"]
        policy = eval(line, {"DiscoveryPolicy": DiscoveryPolicy})
        request = DiscoveryDocumentRequest(provider.issuer, policy=policy)
        assert get_discovery_document(request).is_successful


OPTIONS = {
    "foreign-hosts no-kid": ("--endpoint-base", "http://localhost:{port}"),
    "foreign-hosts": ("--allow-endpoints-on-other-hosts",),
    "unknown-response-types": ("--allow-unknown-types",),
    "no-subject-types": ("--allow-missing-login-members",),
}


@pytest.mark.parametrize("quirk", OPTIONS)
def test_a_policy_is_tried_that_options_say(quirk: str, run: Run) -> None:
    with EmbeddedProvider(quirks=quirk.split()) as provider:
        options = ("discover", "-i", provider.issuer, "--json")
        assert named(run(*options), "strict policy")["outcome"] == "warning"
        port = provider.issuer.rpartition(":")[2]
        own = named(
            run(*options, *[one.format(port=port) for one in OPTIONS[quirk]]), "your policy"
        )
    assert (own["outcome"], own["found"]) == ("ok", "accepted")


def test_a_policy_that_accepts_something_else_does_not_help(run: Run) -> None:
    with EmbeddedProvider(quirks=["unknown-response-types"]) as provider:
        ran = run("discover", "-i", provider.issuer, "--json", "--expected-issuer", provider.issuer)
    assert named(ran, "your policy")["outcome"] == "warning"


def test_the_version_is_printed(run: Run) -> None:
    ran = run("--version")
    assert (ran.status, ran.out) == (0, f"{__version__}\n")


def test_an_endpoint_that_is_refused_fails(run: Run, provider: EmbeddedProvider) -> None:
    document = {**provider.document(), "userinfo_endpoint": "http://op.test/me"}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    ran = run("discover", "-i", provider.issuer, "--json")
    assert (ran.status, named(ran, "userinfo")["outcome"]) == (1, "failed")


def test_fapi_is_judged_when_asked(run: Run, provider: EmbeddedProvider) -> None:
    assert run("discover", "-i", provider.issuer).status == 0
    ran = run("discover", "-i", provider.issuer, "--fapi", "--json")
    assert (ran.status, named(ran, "FAPI 2.0")["outcome"]) == (1, "failed")
    methods = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    document = Answer.of_json({**provider.document(), **methods})
    provider.intercept = answering(DISCOVERY, document)
    assert run("discover", "-i", provider.issuer, "--fapi").status == 0


@pytest.mark.parametrize(
    ("members", "name", "outcome"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE", "warning"),
        ({"code_challenge_methods_supported": None}, "PKCE", "skipped"),
        ({"code_challenge_methods_supported": True}, "PKCE", "warning"),
        ({"code_challenge_methods_supported": [7, []]}, "PKCE", "warning"),
        ({"jwks_uri": None}, "keys", "warning"),
        ({"grant_types_supported": None}, "grants", "skipped"),
    ],
)
def test_a_member_is_judged(
    members: dict[str, object], name: str, outcome: str, run: Run, provider: EmbeddedProvider
) -> None:
    document = {**provider.document(), **members}
    present = {key: value for key, value in document.items() if value is not None}
    provider.intercept = answering(DISCOVERY, Answer.of_json(present))
    assert named(run("discover", "-i", provider.issuer, "--json"), name)["outcome"] == outcome


@pytest.mark.parametrize("answer", [Answer(500), Answer.of_json({"keys": []})])
def test_keys_that_cannot_be_had_fail(answer: Answer, run: Run, provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/jwks", answer)
    assert named(run("discover", "-i", provider.issuer, "--json"), "keys")["outcome"] == "failed"


def test_a_provider_that_is_down_is_called_that(run: Run, provider: EmbeddedProvider) -> None:
    provider.intercept = failing(DISCOVERY)
    assert run("discover", "-i", provider.issuer).status == 3


def test_presets_without_a_document_are_judged_by_what_is_known(run: Run) -> None:
    ran = run("discover", "--preset", "github", "--json")
    assert named(ran, "strict policy")["outcome"] == "skipped"


def test_a_token_is_taken_apart_and_called_unverified(run: Run, provider: EmbeddedProvider) -> None:
    ran = run("decode", stdin=provider.mint(sub="mallory", exp=1, scope="read"))
    assert ran.status == 0
    assert ran.err.count("NOT VERIFIED") == 2
    assert "mallory" in ran.out
    assert "1970-01-01 00:00:01 UTC" in ran.out
    parsed = run("decode", "--json", stdin=provider.mint(sub="mallory"))
    assert parsed.json["verified"] is False
    assert parsed.json["claims"]["sub"] == "mallory"


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "1.2.3.4.5", "e30.W10.x", "IiI.e30.x"])
def test_what_is_not_a_token_is_called_that(token: str, run: Run) -> None:
    ran = run("decode", stdin=token)
    assert ran.status in {0, 1}
    assert "Traceback" not in ran.err


def test_an_encrypted_token_shows_its_header(run: Run) -> None:
    header = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ"
    ran = run("decode", stdin=f"{header}.a.b.c.d")
    assert "RSA-OAEP" in ran.out
    assert "encrypted" in ran.err


def test_times_that_are_none_are_shown(run: Run, provider: EmbeddedProvider) -> None:
    ran = run("decode", stdin=provider.mint(exp="soon", iat=1 << 80, nbf=True))
    assert ran.status == 0


def with_claim(issuer: str, name: str, value: str) -> str:
    """Return a token without a valid signature, in which a claim has any JSON as its value."""
    claims = f'{{"iss": "{issuer}", "aud": "api", "{name}": {value}}}'
    parts = ('{"alg": "RS256"}', claims, "signature")
    return ".".join(encode_base64url(part.encode()).decode() for part in parts)


HUGE = "1" + "0" * 400


@pytest.mark.parametrize("value", [HUGE, f"-{HUGE}", "1e999", "-1e999", "NaN", "Infinity", "1e300"])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_numbers_beyond_every_calendar_are_shown_and_refused(
    name: str, value: str, run: Run, provider: EmbeddedProvider
) -> None:
    token = with_claim(provider.issuer, name, value)
    ran = run("decode", stdin=token)
    assert ran.status == 0
    assert "which is not a time" in " ".join(ran.out.split())
    assert run("verify", "-i", provider.issuer, "-a", "api", stdin=token).status == 1


@pytest.mark.parametrize("value", ["5", "{}", "true", "[5]", '{"read": 1}', "null"])
@pytest.mark.parametrize("name", ["scope", "scp"])
def test_scopes_that_are_not_text_grant_nothing(
    name: str, value: str, run: Run, provider: EmbeddedProvider
) -> None:
    token = with_claim(provider.issuer, name, value)
    ran = run("verify", "-i", provider.issuer, "-a", "api", "-s", "read", "--json", stdin=token)
    assert ran.status == 1
    assert named(ran, "scopes")["outcome"] == "failed"


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "RS256", "EdDSA"])
def test_a_key_is_made_and_its_public_half_verifies(
    algorithm: str, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "key.pem"
    made = run("keys", "generate", "-a", algorithm, "-o", str(file), "--json")
    assert made.status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE" not in made.out
    public = run("keys", "jwks", str(file)).json
    key = DPoPKey.from_pem(file.read_text(), algorithm)
    signed = key.sign({"alg": algorithm}, {"sub": "x"})
    assert verify_jws(signed, JsonWebKeySet(public), [algorithm])
    assert run("keys", "thumbprint", str(file)).out.strip() == key.jwk_thumbprint
    assert "d" not in public["keys"][0]


def test_a_key_file_is_never_replaced(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("precious")
    assert run("keys", "generate", "-o", str(file)).status == 2
    assert file.read_text() == "precious"


def test_keys_come_by_standard_input_too(run: Run) -> None:
    pem = run("keys", "generate").out
    assert run("keys", "public", "--json", stdin=pem).json["crv"] == "P-256"
    assert "BEGIN PUBLIC KEY" in run("keys", "public", "--pem", stdin=pem).out
    jwk = json.dumps(DPoPKey.from_pem(pem)._key.as_dict(private=True))
    assert run("keys", "public", stdin=jwk).status == 0


@pytest.mark.parametrize("text", ["junk", "{}", ""])
def test_what_is_no_key_is_refused_and_not_quoted(text: str, run: Run) -> None:
    ran = run("keys", "public", stdin=text)
    assert ran.status == 2
    assert "junk" not in ran.err


@pytest.mark.parametrize(
    "command",
    [
        ("decode",),
        ("verify", "-i", "https://op.example", "-a", "api"),
        ("keys", "public"),
        (
            "token",
            "--client-credentials",
            "-i",
            "https://op.example",
            "--client-id",
            "c",
            "--secret-stdin",
        ),
    ],
)
def test_bytes_that_are_no_text_are_refused_and_not_quoted(
    command: tuple[str, ...], run: Run
) -> None:
    ran = run(*command, stdin=b"s3cret\xff\n")
    assert ran.status == 2
    assert "standard input is not utf-8" in ran.err
    assert "s3cret" not in ran.err


def test_an_unknown_algorithm_is_wrong_usage(run: Run) -> None:
    assert run("keys", "generate", "-a", "none").status == 2


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    stop = threading.Event()
    stop.set()
    monkeypatch.setattr(serve, "_stop", stop)
    return stop


def test_a_provider_serves_users_of_a_file(
    run: Run, stopped: threading.Event, tmp_path: Path
) -> None:
    for name, text in (("users.json", '{"carol": {"roles": ["admin"]}}'), ("users.toml", "[dave]")):
        (tmp_path / name).write_text(text)
        ran = run("serve", "-p", "0", "--users", str(tmp_path / name), "--json")
        assert ran.status == 0
        assert ran.json["users"] in {"carol", "dave"}
        assert ran.json["issuer"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("text", ["[]", "{}", '{"alice": 1}', "junk"])
def test_a_file_that_holds_no_users_is_refused(
    text: str, run: Run, stopped: threading.Event, tmp_path: Path
) -> None:
    file = tmp_path / "users.json"
    file.write_text(text)
    assert run("serve", "-p", "0", "--users", str(file)).status == 2


def test_a_taken_port_is_wrong_usage(
    run: Run, stopped: threading.Event, provider: EmbeddedProvider
) -> None:
    assert run("serve", "-p", provider.issuer.rpartition(":")[2]).status == 2


def test_the_provider_is_a_program_too(
    capsys: pytest.CaptureFixture[str], provider: EmbeddedProvider
) -> None:
    stop = threading.Event()
    stop.set()
    assert main(["--port", "0", "--like", "keycloak"], stop) == 0
    assert "issuer:" in capsys.readouterr().out
    assert main(["--port", provider.issuer.rpartition(":")[2]]) == 2


def test_a_browser_is_asked_who_it_is() -> None:
    users: dict[str, dict[str, object]] = {"alice": {}, "<bob>": {}}
    with EmbeddedProvider(login_page=True, users=users) as provider:
        base = {
            "client_id": "native",
            "response_type": "code",
            "redirect_uri": "http://127.0.0.1/cb",
            "code_challenge": "x" * 43,
            "code_challenge_method": "S256",
            "state": 's"<',
        }
        url, html = f"{provider.issuer}/authorize", {"accept": "text/html"}
        with httpx.Client(trust_env=False) as browser:
            page = browser.get(url, params=base, headers=html)
            assert "&lt;bob&gt;" in page.text
            assert "<bob>" not in page.text
            assert 'value="s&quot;&lt;"' in page.text
            chosen = browser.get(url, params={**base, "login_as": "<bob>"}, headers=html)
            denied = browser.get(url, params={**base, "login_as": ""}, headers=html)
            other = browser.get(url, params={**base, "login_as": "mallory"}, headers=html)
            script = browser.get(url, params=base)
    assert "code=" in chosen.headers["location"]
    assert "error=access_denied" in denied.headers["location"]
    assert "error=access_denied" in other.headers["location"]
    assert "code=" in script.headers["location"]


def test_a_device_is_let_in_on_a_page() -> None:
    with (
        EmbeddedProvider(login_page=True, users={"alice": {}}) as provider,
        httpx.Client(base_url=provider.issuer, trust_env=False) as browser,
    ):
        device = browser.post("/device_authorization", data={"client_id": "native"}).json()
        form = browser.get("/device", params={"user_code": device["user_code"]})
        assert device["user_code"] in form.text
        data = {"user_code": device["user_code"], "decision": "allow"}
        assert "logged in" in browser.post("/device", data=data).text
        assert "refused" in browser.post("/device", data={**data, "decision": "deny"}).text
        assert browser.post("/device", data={"user_code": "x"}).status_code == 400


def test_pages_are_not_there_for_tests(provider: EmbeddedProvider) -> None:
    answer = httpx.get(f"{provider.issuer}/device", trust_env=False)
    assert answer.status_code == 404


def test_a_token_of_the_development_provider_verifies(tmp_path: Path) -> None:
    from py_identity_model.testing.standalone import development_provider

    secret = os.urandom(8).hex()
    with development_provider(port=0, client_secret=secret) as provider:
        verifier = AccessTokenVerifier(provider.issuer, provider.audience)
        assert verifier.verify_token(provider.mint(sub="alice")).subject == "alice"
        assert provider.client_secret == secret


def test_the_program_ends_with_the_code_of_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["py-identity-model", "explain", "token_expired"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert "past" in capsys.readouterr().out


def test_without_the_extra_the_program_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "py_identity_model.cli.app")
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "py-identity-model[cli]" in capsys.readouterr().err


def test_another_module_that_is_missing_is_no_matter_of_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "py_identity_model.cli.app", None)
    with pytest.raises(ModuleNotFoundError):
        cli.main()


def test_an_interrupt_ends_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    provider = EmbeddedProvider()
    said: list[object] = []
    standalone.serve(provider, said.append, Interrupted())
    assert len(said) == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(provider.jwks_uri, trust_env=False)


def test_help_does_not_send_readers_back_to_the_message(run: Run) -> None:
    asked = run("discover", "--issuer", "auth.example.com")
    assert asked.status == 2
    assert "such as https://auth.example.com" in asked.err
    assert "help:" not in asked.err
    down = run("discover", "--issuer", "http://127.0.0.1:1")
    assert down.status == 3
    assert "doctor --issuer" in down.err
