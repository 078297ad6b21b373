"""``verify`` says why a token is refused, and agrees with the verifier."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from py_identity_model import HTTPClient
from py_identity_model.cli.verify import Expectations, judge
from py_identity_model.providers import Provider
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import DISCOVERY, answering, failing

from .conftest import Run


def test_a_sound_token_passes_every_check(run: Run, provider: EmbeddedProvider) -> None:
    token = provider.mint(sub="alice", scope="read")
    ran = run("verify", "-i", provider.issuer, "-a", "api", "-s", "read", stdin=f"Bearer {token}\n")
    assert ran.status == 0
    assert "accepted" in ran.out
    assert "✗" not in ran.out


def symmetric(provider: EmbeddedProvider) -> str:
    key = OctKey.import_key({"kty": "oct", "k": "A" * 43})
    now = int(time.time())
    claims = {"iss": provider.issuer, "aud": "api", "exp": now + 60}
    return jwt.encode({"alg": "HS256"}, claims, key)


def altered(provider: EmbeddedProvider) -> str:
    header, _, signature = provider.mint().split(".")
    return f"{header}.{provider.mint(sub='mallory').split('.')[1]}.{signature}"


REFUSED: dict[str, tuple[str, str, Callable[[EmbeddedProvider], str]]] = {
    "expired": ("exp", "token_expired", lambda op: op.mint(exp=int(time.time()) - 3600)),
    "without exp": ("exp", "missing_claim", lambda op: op.mint(exp=None)),
    "for another API": ("audience", "invalid_audience", lambda op: op.mint(aud="orders")),
    "without audience": ("audience", "missing_claim", lambda op: op.mint(aud=None)),
    "of another issuer": ("issuer", "untrusted_issuer", lambda op: op.mint(iss="https://x.test")),
    "not valid yet": ("nbf", "not_yet_valid", lambda op: op.mint(nbf=int(time.time()) + 3600)),
    "from the future": (
        "iat",
        "issued_in_future",
        lambda op: op.mint(iat=int(time.time()) + 3600),
    ),
    "of another key": ("key", "no_matching_key", lambda op: op.mint(header={"kid": "other"})),
    "altered": ("signature", "invalid_signature", altered),
    "unsigned": ("algorithm", "algorithm_none", lambda op: op.mint(header={"alg": "none"})),
    "symmetric": ("algorithm", "algorithm_not_allowed", symmetric),
    "opaque": ("format", "malformed_token", lambda op: "opaque"),
    "cut": ("format", "malformed_token", lambda op: op.mint()[20:]),
    "of another type": (
        "typ",
        "wrong_typ",
        lambda op: op.mint(header={"typ": "logout+jwt"}),
    ),
    "an ID token": ("verifier", "wrong_typ", lambda op: op.mint_id_token(aud="api", at_hash="x")),
    "bound": ("verifier", "binding_refused", lambda op: op.mint(cnf={"jkt": "x" * 43})),
    "too little": ("scopes", "insufficient_scope", lambda op: op.mint(scope="write")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_token_fails_the_check_that_says_why(
    case: str, run: Run, provider: EmbeddedProvider
) -> None:
    name, code, make = REFUSED[case]
    scope = ("-s", "read") if case == "too little" else ()
    ran = run("verify", "-i", provider.issuer, "-a", "api", *scope, "--json", stdin=make(provider))
    assert ran.status == 1
    assert ran.json["code"] == code
    failures = {one["name"]: one for one in ran.json["checks"] if one["outcome"] == "failed"}
    assert name in failures
    assert failures[name]["remedy"] or failures[name]["found"] == "missing"


def test_a_slash_at_the_end_of_an_issuer_is_named(provider: EmbeddedProvider) -> None:
    token = provider.mint(iss=provider.issuer + "/")
    report = judge(token, Expectations(provider.issuer, ("api",)))
    (check,) = [one for one in report.checks if one.name == "issuer"]
    assert "slash" in check.remedy
    assert report.status == 1


def test_an_audience_that_nobody_named_is_shown_and_not_judged(
    run: Run, provider: EmbeddedProvider
) -> None:
    ran = run("verify", "-i", provider.issuer, "--json", stdin=provider.mint(aud="orders"))
    assert ran.status == 0
    (check,) = [one for one in ran.json["checks"] if one["name"] == "audience"]
    assert (check["outcome"], check["found"]) == ("warning", "orders")


def test_tokens_without_an_audience_are_judged_by_their_client(
    run: Run, provider: EmbeddedProvider
) -> None:
    token = provider.mint(aud=None)
    mine = run("verify", "-i", provider.issuer, "--accept-client", "machine", stdin=token)
    other = run("verify", "-i", provider.issuer, "--accept-client", "web", "--json", stdin=token)
    assert (mine.status, other.status) == (0, 1)
    assert other.json["code"] == "invalid_client_id"


def test_an_id_token_is_judged_for_its_client_and_nonce(
    run: Run, provider: EmbeddedProvider
) -> None:
    token = provider.mint_id_token(nonce="n")
    options = ("verify", "-i", provider.issuer, "--json", "--id-token-for")
    assert run(*options, "machine", "--nonce", "n", stdin=token).status == 0
    assert run(*options, "machine", stdin=token).status == 0
    other = run(*options, "machine", "--nonce", "x", stdin=token)
    assert (other.status, other.json["code"]) == (1, "nonce_mismatch")
    assert run(*options, "web", stdin=token).json["code"] == "invalid_audience"


def test_a_provider_that_is_down_is_no_verdict_on_the_token(
    run: Run, provider: EmbeddedProvider
) -> None:
    provider.intercept = failing(DISCOVERY)
    ran = run("verify", "-i", provider.issuer, "-a", "api", "--json", stdin=provider.mint())
    assert ran.status == 3
    assert ran.json["status_code"] == 503


def test_another_clock_is_noticed(provider: EmbeddedProvider) -> None:
    document = Answer.of_json(provider.document(), date="Thu, 01 Jan 2026 00:00:00 GMT")
    provider.intercept = answering(DISCOVERY, document)
    report = judge(provider.mint(), Expectations(provider.issuer, ("api",)))
    (check,) = [one for one in report.checks if one.name == "clock"]
    assert check.outcome == "warning"
    assert "ahead" in check.found


def test_what_a_token_says_cannot_steer_the_terminal(run: Run, provider: EmbeddedProvider) -> None:
    token = provider.mint(aud="\x1b[31mred[bold]x[/bold]")
    ran = run("verify", "-i", provider.issuer, "-a", "api", stdin=token)
    assert "\x1b[31m" not in ran.out
    assert "\\x1b[31mred[bold]x[/bold]" in ran.out


def test_a_token_is_never_an_argument(run: Run, provider: EmbeddedProvider) -> None:
    ran = run("verify", "-i", provider.issuer, provider.mint())
    assert ran.status == 2


@pytest.mark.parametrize("text", ["", "two words", "Bearer"])
def test_anything_but_one_token_is_wrong_usage(
    text: str, run: Run, provider: EmbeddedProvider
) -> None:
    ran = run("verify", "-i", provider.issuer, "--json", stdin=text)
    assert (ran.status, ran.json["error"]["code"]) == (2, "invalid_argument")


def test_a_token_comes_from_a_file_or_the_environment(
    run: Run, provider: EmbeddedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(provider.mint())
    options = ("verify", "-i", provider.issuer, "-a", "api")
    assert run(*options, "--token-file", str(file)).status == 0
    assert run(*options, "--token-file", str(tmp_path / "none")).status == 2
    monkeypatch.setenv("OIDC_TOKEN", provider.mint())
    assert run(*options).status == 0


def test_a_preset_stands_for_an_issuer(run: Run, provider: EmbeddedProvider) -> None:
    realm = f"{provider.issuer}/realms/main"
    document = Answer.of_json({**provider.document(), "issuer": realm})
    provider.intercept = answering(f"/realms/main{DISCOVERY}", document)
    preset = f"keycloak {provider.issuer} main"
    ran = run("verify", "--preset", preset, "-a", "api", stdin=provider.mint(iss=realm))
    assert ran.status == 0
    for preset in ("keycloak 'https://op.example", '"'):
        ran = run("verify", "--preset", preset, "-a", "api")
        assert (ran.status, "No closing quotation" in ran.err) == (2, True)
    unknown = run("verify", "--preset", "nobody", "-a", "api")
    assert (unknown.status, "keycloak" in unknown.err) == (2, True)
    assert run("verify", "--preset", "keycloak", "-a", "api").status == 2
    assert run("verify", "-a", "api").status == 2


def test_a_preset_that_knows_for_whom_tokens_are_needs_no_audience(
    run: Run, provider: EmbeddedProvider
) -> None:
    preset = Provider(
        name="ours", issuer=provider.issuer, audience=["api"], jwks_uri=provider.jwks_uri
    )
    mine = judge(provider.mint(), Expectations(preset))
    other = judge(provider.mint(aud="orders"), Expectations(preset))
    assert (mine.verdict, mine.status, other.status) == ("accepted", 0, 1)
    assert [check.name for check in other.checks if check.failed] == ["audience"]


def test_a_preset_whose_clients_take_the_place_of_an_audience(provider: EmbeddedProvider) -> None:
    preset = Provider(name="ours", issuer=provider.issuer, client_ids=["machine"])
    mine = judge(provider.mint(aud=None), Expectations(preset))
    other = judge(provider.mint(aud=None, client_id="web"), Expectations(preset))
    assert (mine.status, other.status) == (0, 1)
    assert [check.name for check in other.checks if check.failed] == ["verifier"]


def test_keys_that_are_had_otherwise_are_left_to_the_verifier(provider: EmbeddedProvider) -> None:
    preset = Provider(
        name="ours",
        issuer=None,
        key_url_template=f"{provider.issuer}/keys/{{kid}}",
        key_id_pattern=r"[\w-]+",
        required_header={"signer": "us"},
        algorithms=["ES256"],
    )
    report = judge(provider.mint(algorithm="ES256"), Expectations(preset))
    assert [check.name for check in report.checks if check.outcome == "skipped"][:1] == ["provider"]
    assert (report.status, report.members["code"]) == (1, "untrusted_issuer")


def test_options_of_a_preset_are_named() -> None:
    from py_identity_model.cli.inputs import trusted

    preset = trusted(None, "github_actions owner_ids=1,2")
    assert not isinstance(preset, str)
    assert preset.required_claims == {"repository_owner_id": ("1", "2")}


def test_a_client_of_ones_own_is_used(provider: EmbeddedProvider) -> None:
    with HTTPClient() as http_client:
        assert judge(provider.mint(), Expectations(provider.issuer, ("api",)), http_client)
        assert not http_client.is_closed


def test_rfc_9068_alone_may_be_demanded(run: Run) -> None:
    with EmbeddedProvider(quirks=["typ-jwt"]) as provider:
        options = ("verify", "-i", provider.issuer, "-a", "api")
        assert run(*options, stdin=provider.mint()).status == 0
        assert run(*options, "--rfc9068", stdin=provider.mint()).status == 1
