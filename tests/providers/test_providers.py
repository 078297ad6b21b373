"""The presets: what they say fits the documents and tokens of their providers, and no others."""

from __future__ import annotations

import importlib.util
import inspect
import json
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from py_identity_model import AccessTokenVerifier, InvalidArgumentError, providers
from py_identity_model._protocol.discovery_rules import parse
from py_identity_model._validation.fetch_result import Refused
from py_identity_model._wire.discovery_policy import DiscoveryPolicy
from py_identity_model._wire.known_hosts import known_issuer
from py_identity_model._wire.messages import HttpResponse
from py_identity_model.providers import Note, Provider
from tests.support import refused

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENTS: dict[str, dict[str, Any]] = json.loads((HERE / "documents.json").read_text("utf-8"))
TOKENS: dict[str, dict[str, Any]] = json.loads((HERE / "tokens.json").read_text("utf-8"))
TENANT = "11111111-2222-3333-4444-555555555555"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_provider_table", ROOT / "scripts" / "make_provider_table.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_script()
PRESETS: dict[str, Provider] = {name: make() for name, (_, make) in SCRIPT.EXAMPLES.items()}


def answer(document: Mapping[str, Any]) -> HttpResponse:
    content = json.dumps(document).encode()
    return HttpResponse(200, {"content-type": "application/json"}, content)


def fits(provider: Provider, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Return what the rules of a preset, and nothing else, say of a token."""
    audience = claims.get("aud")
    named = {audience} if isinstance(audience, str) else set(audience or ())
    return (
        (provider.issuer is None or provider.is_issuer_of(claims))
        and (provider.algorithms is None or header.get("alg") in provider.algorithms)
        and (provider.audience is None or bool(named & set(provider.audience)))
        and (provider.client_ids is None or claims.get("client_id") in provider.client_ids)
        and all(claims.get(name) in values for name, values in provider.required_claims.items())
        and all(header.get(name) == value for name, value in provider.required_header.items())
    )


def test_every_preset_has_an_example_and_its_own_name() -> None:
    functions = {name for name in providers.__all__ if inspect.isfunction(getattr(providers, name))}
    assert functions == {*PRESETS}
    assert {name: provider.name for name, provider in PRESETS.items()} == {
        name: name for name in PRESETS
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_of_a_provider_has_its_issuer(name: str) -> None:
    provider, document = PRESETS[name], DOCUMENTS[name]
    assert document["issuer"] == provider.issuer
    if "access_token_issuer" in document:
        assert document["access_token_issuer"] in provider.other_issuers


STRICT = [name for name in DOCUMENTS if PRESETS[name].document_address is not None]


@pytest.mark.parametrize("name", STRICT)
def test_the_document_of_a_provider_passes_the_strict_check_with_its_hosts(name: str) -> None:
    provider = PRESETS[name]
    assert provider.document_address is not None
    parse(provider.document_address, provider.discovery_policy, answer(DOCUMENTS[name]))


@pytest.mark.parametrize("name", [name for name in STRICT if PRESETS[name].hosts])
def test_the_table_lists_hosts_for_their_own_issuer_alone(name: str) -> None:
    provider = PRESETS[name]
    assert provider.document_address is not None
    mismatch = provider.discovery_address is not None
    parse(
        provider.document_address,
        DiscoveryPolicy(allow_issuer_mismatch=mismatch),
        answer(DOCUMENTS[name]),
    )
    foreign = DOCUMENTS[name] | {"issuer": "https://op.example"}
    with pytest.raises(Refused, match="another authority"):
        parse("https://op.example", DiscoveryPolicy(), answer(foreign))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_one_message_names_the_policy_that_accepts_a_document(name: str) -> None:
    issuer = str(DOCUMENTS[name]["issuer"])
    where = PRESETS[name].document_address or issuer.replace("{tenantid}", "common")
    policy = DiscoveryPolicy()
    try:
        parse(where, policy, answer(DOCUMENTS[name]))
    except Refused as error:
        line = str(error)[str(error).rindex("DiscoveryPolicy(") :]
        policy = eval(line, {"DiscoveryPolicy": DiscoveryPolicy})
    assert parse(where, policy, answer(DOCUMENTS[name])).issuer == issuer


@pytest.mark.parametrize("name", STRICT)
def test_a_document_with_a_foreign_token_endpoint_is_refused(name: str) -> None:
    provider = PRESETS[name]
    assert provider.document_address is not None
    forged = DOCUMENTS[name] | {"token_endpoint": "https://evil.example/token"}
    with pytest.raises(Refused, match="token_endpoint"):
        parse(provider.document_address, provider.discovery_policy, answer(forged))


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_of_the_provider_fits(name: str) -> None:
    known = TOKENS[name]
    for changes in ({}, *known.get("others", ())):
        assert fits(PRESETS[name], known["header"], known["claims"] | changes)


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_beside_it_does_not(name: str) -> None:
    known = TOKENS[name]
    for changes in known["forged"]:
        assert not fits(PRESETS[name], known["header"], known["claims"] | changes), changes
    for changes in known.get("forged_headers", ()):
        assert not fits(PRESETS[name], known["header"] | changes, known["claims"]), changes
    assert known["forged"] or known["forged_headers"]


@pytest.mark.parametrize("name", [name for name in TOKENS if PRESETS[name].scope_claim])
def test_scopes_are_where_the_preset_says(name: str) -> None:
    claim = PRESETS[name].scope_claim
    has_scopes = name != "entra_multi_tenant"
    assert (claim in TOKENS[name]["claims"]) is has_scopes


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_as_json(name: str) -> None:
    provider = PRESETS[name]
    text = json.dumps(provider.to_dict())
    assert Provider.from_dict(json.loads(text)) == provider
    assert hash(Provider.from_dict(json.loads(text))) == hash(provider)
    assert pickle.loads(pickle.dumps(provider)) == provider


@pytest.mark.parametrize("name", PRESETS)
def test_a_verifier_is_made_as_the_table_says(name: str) -> None:
    provider = PRESETS[name]
    if "AccessTokenVerifier" not in SCRIPT.verifier(name, provider):
        assert name in {"github", "mastodon"}
        with pytest.raises(InvalidArgumentError, match="cannot be verified here"):
            AccessTokenVerifier(provider, "my-api")
        return
    AccessTokenVerifier(provider, "my-api")
    if not SCRIPT.needs_audience(provider):
        AccessTokenVerifier(provider)
        return
    with pytest.raises(InvalidArgumentError, match=f"the preset {name} defines neither"):
        AccessTokenVerifier(provider)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_reasons_that_name_their_source(name: str) -> None:
    notes = PRESETS[name].notes
    assert notes
    assert all(note.text and note.source.startswith("https://") for note in notes)


def test_nonce_and_pkce_are_both_off_only_where_a_note_says_why() -> None:
    bare = [name for name, one in PRESETS.items() if one.openid and not (one.nonce or one.pkce)]
    assert bare == ["linkedin"]
    texts = " ".join(note.text for note in PRESETS["linkedin"].notes)
    assert "nonce is off" in texts
    assert "PKCE is off" in texts


def test_a_hosted_domain_of_google_is_demanded_and_asked_for() -> None:
    provider = providers.google(hosted_domain="Example.com")
    known = TOKENS["google"]
    assert fits(provider, known["header"], known["claims"])
    assert not fits(provider, known["header"], known["claims"] | {"hd": "evil.example"})
    assert not fits(provider, known["header"], known["claims"] | {"hd": None})
    assert provider.extra_authorization_parameters == {"hd": "example.com"}
    assert provider.required_id_token_claims == {"hd": ("example.com",)}


def test_the_id_tokens_of_a_user_pool_are_distinguished_from_its_access_tokens() -> None:
    provider = PRESETS["cognito"]
    assert provider.required_claims == {"token_use": ("access",)}
    assert provider.required_id_token_claims == {"token_use": ("id",)}


def test_all_conditions_on_a_workflow_must_hold() -> None:
    provider = providers.github_actions(
        repositories={"octo-org/octo-repo", "octo-org/b"}, owner_ids=["123456"]
    )
    known = TOKENS["github_actions"]
    assert fits(provider, known["header"], known["claims"])
    for changes in ({"repository": "evil/octo-repo"}, {"repository_owner_id": "1"}):
        assert not fits(provider, known["header"], known["claims"] | changes)


def test_keycloak_behind_a_second_name_keeps_its_issuer() -> None:
    provider = providers.keycloak(
        "https://id.example/auth/", "main", internal_url="http://keycloak:8080/auth"
    )
    assert provider.issuer == "https://id.example/auth/realms/main"
    address = "http://keycloak:8080/auth/realms/main/.well-known/openid-configuration"
    assert provider.document_address == address
    assert not provider.discovery_policy.require_https
    assert PRESETS["keycloak"].discovery_policy == DiscoveryPolicy()


def test_the_issuer_of_b2c_may_name_the_policy() -> None:
    provider = providers.entra_b2c(
        "contoso", TENANT, "B2C_1_si", domain="login.x.example", tfp=True
    )
    assert provider.issuer == f"https://login.x.example/tfp/{TENANT}/B2C_1_si/v2.0/"


@pytest.mark.parametrize(
    ("domain", "host"),
    [("acme", "acme.auth.us-east-1.amazoncognito.com"), ("login.x.example", "login.x.example")],
)
def test_the_domain_of_a_user_pool_is_a_prefix_or_a_host(domain: str, host: str) -> None:
    pool = "us-east-1_AbCdEf"
    assert providers.cognito("us-east-1", pool, client_ids=["c"], domain=domain).hosts == (host,)
    assert providers.cognito("us-east-1", pool, client_ids=["c"]).hosts == ()


def test_kubernetes_in_the_cluster_uses_the_credentials_of_the_pod() -> None:
    inside = providers.kubernetes("api")
    assert inside.ca_file == "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    assert inside.token_file == "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert inside.jwks_uri == "https://kubernetes.default.svc/openid/v1/jwks"
    own = providers.kubernetes("api", jwks_uri="https://10.0.0.1/openid/v1/jwks")
    assert own.jwks_uri == "https://10.0.0.1/openid/v1/jwks"
    outside = providers.kubernetes("api", issuer="https://oidc.example/c1", in_cluster=False)
    assert (outside.ca_file, outside.token_file, outside.jwks_uri) == (None, None, None)
    address = "https://oidc.example/c1/.well-known/openid-configuration"
    assert outside.document_address == address


def test_a_load_balancer_has_a_key_per_address_of_its_region() -> None:
    provider = PRESETS["aws_alb"]
    keys = "https://public-keys.auth.elb.eu-central-1.amazonaws.com/{kid}"
    assert provider.key_url_template == keys
    assert provider.key_id_pattern == "[A-Za-z0-9-]{1,64}"
    arn = SCRIPT.ARN.replace("eu-central-1", "us-gov-west-1").replace("arn:aws:", "arn:aws-us-gov:")
    gov_cloud = providers.aws_alb("us-gov-west-1", arn, "c", issuer="https://op.example")
    assert "s3-us-gov-west-1.amazonaws.com" in (gov_cloud.key_url_template or "")
    assert gov_cloud.issuer == "https://op.example"


WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("adfs", ("evil.example/x?",), {}),
    ("atproto", ("https://user:pw@bsky.social",), {}),
    ("auth0", ("https://acme.auth0.com",), {}),
    ("auth0", ("acme.auth0.com/@evil.example",), {}),
    ("auth0", ("acme。auth0.com",), {}),
    ("authentik", ("https://auth.example", "a/../b"), {}),
    ("aws_alb", ("eu-central-1", "arn:aws:iam::1:role/x", "c"), {}),
    ("aws_alb", ("us-east-1", SCRIPT.ARN, "c"), {}),
    ("aws_alb", ("evil.example/", SCRIPT.ARN, "c"), {}),
    ("aws_alb", ("eu-central-1", SCRIPT.ARN, ""), {}),
    ("cloudflare_access", ("evil.example/", "x"), {}),
    ("cloudflare_access", ("acme", " "), {}),
    ("cognito", ("us-east-1", "eu-central-1_AbC"), {"client_ids": ["c"]}),
    ("cognito", ("us-east-1", "us-east-1_a/../b"), {"client_ids": ["c"]}),
    ("cognito", ("us-east-1", "us-east-1_AbC"), {"client_ids": []}),
    ("cognito", ("us-east-1", "us-east-1_AbC"), {"client_ids": "web"}),
    ("dex", ("ftp://dex.example",), {}),
    ("dex", ("https://dex.example/{x}",), {}),
    ("entra", ("evil.com/..",), {}),
    ("entra", ("common",), {}),
    ("entra", ("contoso.onmicrosoft.com",), {}),
    ("entra", (None,), {}),
    ("entra_b2c", ("contoso.evil", TENANT, "p"), {}),
    ("entra_b2c", ("contoso", TENANT, "../x"), {}),
    ("entra_external", (TENANT, "a.b"), {}),
    ("entra_multi_tenant", (), {"allowed": []}),
    ("entra_multi_tenant", (), {"allowed": TENANT}),
    ("entra_multi_tenant", (), {"allowed": None}),
    ("entra_multi_tenant", (), {"allowed": ["*"]}),
    ("firebase", ("x/y",), {}),
    ("github_actions", (), {}),
    ("github_actions", (), {"repositories": []}),
    ("github_actions", (), {"repositories": "octo-org/octo-repo"}),
    ("github_actions", (), {"repositories": ["octo-org/*"]}),
    ("github_actions", (), {"owner_ids": [123456]}),
    ("gitlab", ("https://gitlab.com?x",), {}),
    ("gitlab_ci", (), {}),
    ("gitlab_ci", (), {"project_ids": ["my-group/x"]}),
    ("google", (), {"hosted_domain": "https://example.com"}),
    ("google_iap", ("",), {}),
    ("keycloak", ("https://id.example", "a/b"), {}),
    ("keycloak", ("https://id.example/../x", "main"), {}),
    ("keycloak", ("https://id.example", "main"), {"internal_url": "keycloak:8080"}),
    ("kubernetes", ("",), {}),
    ("mastodon", ("https://mastodon.example#x",), {}),
    ("okta", ("dev-1.okta.com",), {"server": "a/b"}),
    ("ping_federate", ("sso.example",), {}),
    ("salesforce", ("login.salesforce.com\n",), {}),
    ("zitadel", ("",), {}),
]


@pytest.mark.parametrize(("name", "positional", "named"), WRONG)
def test_an_argument_that_is_not_what_it_should_be_is_refused(
    name: str, positional: tuple[Any, ...], named: dict[str, Any]
) -> None:
    make = getattr(providers, name)
    with refused(InvalidArgumentError, "invalid_argument") as raised:
        make(*positional, **named)
    assert any(argument in str(raised.value) for argument in inspect.signature(make).parameters)


OURS: dict[str, Any] = {"name": "ours", "issuer": "https://op.example"}
PER_KEY: dict[str, Any] = {
    "key_url_template": "https://op.example/{kid}",
    "key_id_pattern": "[a-z]+",
    "required_header": {"signer": "us"},
}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": ""}, "name"),
        ({"issuer": "https://op.example/{tenant}"}, "issuer"),
        ({"bound_claim": "tid"}, "issuer"),
        ({"issuer": "https://{a}/{b}", "bound_claim": "tid"}, "issuer"),
        ({"algorithms": "RS256"}, "algorithms"),
        ({"audience": [""]}, "audience"),
        ({"hosts": [7]}, "hosts"),
        ({"allowed_values": "x"}, "allowed_values"),
        ({"required_claims": {"repository": "x"}}, "repository"),
        ({"required_claims": {"repository": []}}, "repository"),
        ({"required_claims": ["repository"]}, "required_claims"),
        ({"roles_claim": 7}, "roles_claim"),
        ({"metadata": [1]}, "metadata"),
        ({"jwks_uri": "keys"}, "jwks_uri"),
        ({"jwks_uri": "https://u:p@op.example/keys"}, "jwks_uri"),
        ({"discovery_address": "https://op.example/#x"}, "discovery_address"),
        ({"profile": "none"}, "profile"),
        ({"key_url_template": "https://op.example/{kid}"}, "key_id_pattern"),
        ({**PER_KEY, "required_header": {}}, "required_header"),
        ({**PER_KEY, "key_id_pattern": "["}, "key_id_pattern"),
        ({"required_header": {"signer": ""}}, "signer"),
        ({"required_header": {"signer": 7}}, "signer"),
        ({"token_file": "/token"}, "token_file"),
        ({"ca_file": "/ca.crt"}, "ca_file"),
        ({"ca_file": "", "jwks_uri": "https://op.example/keys"}, "ca_file"),
        ({"token_file": "/token", "jwks_uri": "http://op.example/keys"}, "jwks_uri"),
        ({"key_url_template": "https://{kid}/x", "key_id_pattern": "a"}, "key_url_template"),
        ({"notes": [{"text": "x"}]}, "notes"),
        ({"nonce": "false"}, "nonce"),
        ({"verify": False}, "verify"),
    ],
)
def test_an_invalid_description_is_refused(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        Provider.from_dict({**OURS, **wrong})


def test_a_description_needs_a_name_and_an_issuer() -> None:
    with pytest.raises(InvalidArgumentError, match="issuer, name"):
        Provider.from_dict({})
    wrong: Any = ["x"]
    with pytest.raises(InvalidArgumentError, match="values"):
        Provider.from_dict(wrong)
    with pytest.raises(InvalidArgumentError, match="Note"):
        Provider(name="ours", issuer="https://op.example", notes=wrong)


def test_a_provider_does_not_change_with_what_it_was_made_from() -> None:
    hosts, header = ["a.example"], {"signer": "me"}
    provider = Provider(**OURS, hosts=hosts, required_header=header, notes=[Note("x", "https://x")])
    hosts.append("evil.example")
    header["signer"] = "evil"
    assert provider.hosts == ("a.example",)
    assert provider.required_header == {"signer": "me"}


def test_the_variable_part_of_a_template_is_one_segment() -> None:
    provider = Provider(name="x", issuer="https://op.example/{tenant}/v1", bound_claim="tid")
    assert provider.is_issuer_of({"iss": "https://op.example/a/v1", "tid": "a"})
    for tenant in ("a/../b", "", "a?", "."):
        assert not provider.is_issuer_of({"iss": f"https://op.example/{tenant}/v1", "tid": tenant})
    assert not provider.is_issuer_of({"iss": 7, "tid": "a"})


@pytest.mark.parametrize("name", [name for name in STRICT if PRESETS[name].hosts])
def test_the_table_of_issuers_knows_the_hosts_of_presets(name: str) -> None:
    provider = PRESETS[name]
    found = known_issuer(DOCUMENTS[name]["issuer"])
    assert found is not None
    assert all(found.has_host(host) for host in provider.hosts)
    assert not found.has_host("evil.example")
    assert found.bound_claim == ("tid" if name.startswith("entra") else None)


@pytest.mark.parametrize(
    ("issuer", "host"),
    [
        (
            "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
            "login.microsoftonline.com",
        ),
        (f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0", "contoso.ciamlogin.com"),
        ("https://www.linkedin.com", "api.linkedin.com"),
        ("https://accounts.google.com", "OAUTH2.googleapis.com."),
    ],
)
def test_the_table_knows_further_forms(issuer: str, host: str) -> None:
    found = known_issuer(issuer)
    assert found is not None
    assert found.has_host(host)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://accounts.google.com/",
        "https://accounts.google.com.evil.example",
        "https://login.microsoftonline.com/evil.example/v2.0",
        "https://login.microsoftonline.com/common/v2.0",
        f"https://{TENANT}.ciamlogin.com/99999999-2222-3333-4444-555555555555/v2.0",
        "https://cognito-idp.evil.example/x.amazonaws.com/pool",
        "https://identity.oraclecloud.com/",
        "https://op.example",
    ],
)
def test_the_table_does_not_know_what_only_looks_alike(issuer: str) -> None:
    assert known_issuer(issuer) is None


@pytest.mark.parametrize(
    "host",
    [
        "acme.auth.eu-central-1.amazoncognito.com",
        "auth.us-east-1.amazoncognito.com",
        "a.b.auth.us-east-1.amazoncognito.com",
        "x_y.auth.us-east-1.amazoncognito.com",
    ],
)
def test_a_pool_has_no_hosts_of_other_regions_or_deeper_names(host: str) -> None:
    found = known_issuer("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf")
    assert found is not None
    assert found.has_host("acme.auth.us-east-1.amazoncognito.com")
    assert not found.has_host(host)


def test_the_program_in_the_docs_runs() -> None:
    text = (ROOT / "docs" / "providers.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(program, {})


def test_the_table_in_the_docs_is_that_of_the_presets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SCRIPT.main(["--check"]) == 0
    monkeypatch.setattr(SCRIPT, "DOCUMENT", tmp_path / "providers.md")
    assert SCRIPT.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert SCRIPT.main([]) == 0
    assert SCRIPT.main(["--check"]) == 0
