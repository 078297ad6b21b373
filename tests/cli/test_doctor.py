"""``doctor`` looks at this machine and the way to a provider, and shows no secret."""

from __future__ import annotations

import ssl
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import trustme

from py_identity_model.cli import doctor, reach
from py_identity_model.cli.report import Check, Outcome
from py_identity_model.ssl_config import get_ssl_verify
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import DISCOVERY, answering

from .conftest import Ran, Run


def named(ran: Ran, name: str) -> dict[str, str]:
    return next(one for one in ran.json["checks"] if one["name"] == name)


def test_a_sound_machine_is_called_sound(run: Run, provider: EmbeddedProvider) -> None:
    ran = run("doctor", "-i", provider.issuer, "--json")
    assert ran.status == 0, ran.out
    for name in ("python", "OpenSSL", "joserfc", "DNS", "connection", "metadata", "keys", "clock"):
        assert named(ran, name)["outcome"] == "ok"
    assert "nothing is wrong" in run("doctor").out


def test_no_credential_is_in_the_report(
    run: Run, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@proxy.test:8080")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "s3cret")
    ran = run("doctor", "-i", provider.issuer)
    assert "s3cret" not in ran.out + ran.err
    assert "http://proxy.test:8080" in ran.out


def test_the_proxy_of_a_provider_is_named(
    run: Run, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:s3cret@{provider.issuer.partition('//')[2]}")
    ran = run("doctor", "-i", "http://op.test", "--json")
    assert "s3cret" not in ran.out
    assert "is used for op.test" in named(ran, "proxy")["found"]


@pytest.mark.parametrize(("text", "outcome"), [("soon", "failed"), ("-1", "failed"), ("5.0", "ok")])
def test_a_setting_is_judged(
    text: str, outcome: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", text)
    assert named(run("doctor", "--json"), "HTTP_TIMEOUT")["outcome"] == outcome


@pytest.mark.parametrize("text", ["1", "soon"])
def test_a_setting_that_is_not_used_as_it_is_warns(
    text: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWKS_CACHE_TTL", text)
    assert named(run("doctor", "--json"), "JWKS_CACHE_TTL")["outcome"] == "warning"


def test_authorities_are_looked_at(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "certifi" in named(run("doctor", "--json"), "authorities")["found"]
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert str(tmp_path) in named(run("doctor", "--json"), "authorities")["found"]
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    assert named(run("doctor", "--json"), "authorities")["outcome"] == "ok"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert named(run("doctor", "--json"), "authorities")["outcome"] == "failed"
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert named(run("doctor", "--json"), "authorities")["found"].startswith("1 in")


def test_two_files_of_authorities_warn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/other.pem")
    first = next(iter(doctor._authorities()))
    assert (first.outcome, "SSL_CERT_FILE wins" in first.found) == (Outcome.WARNING, True)


def test_an_unknown_name_is_called_that(run: Run) -> None:
    ran = run("doctor", "-i", "https://nobody.invalid", "--json")
    assert (ran.status, named(ran, "DNS")["outcome"]) == (1, "failed")


def test_a_closed_port_is_called_that(run: Run) -> None:
    with EmbeddedProvider() as gone:
        issuer = gone.issuer
    ran = run("doctor", "-i", issuer, "--json")
    assert (ran.status, named(ran, "connection")["outcome"]) == (1, "failed")


@pytest.mark.parametrize("issuer", ["auth.example.com", "ftp://auth.example.com"])
def test_what_is_not_an_address_is_called_that(issuer: str, run: Run) -> None:
    assert named(run("doctor", "-i", issuer, "--json"), "address")["outcome"] == "failed"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def secure(authority: trustme.CA, *names: str) -> EmbeddedProvider:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return EmbeddedProvider(tls=context, host="localhost")


def test_a_certificate_that_nobody_trusts_names_its_signer(run: Run, authority: trustme.CA) -> None:
    with secure(authority, "localhost") as provider:
        ran = run("doctor", "-i", provider.issuer, "--json")
    found = named(ran, "TLS")
    assert (ran.status, found["outcome"]) == (1, "failed")
    assert "it is signed by" in found["found"]
    assert "SSL_CERT_FILE" in found["remedy"]


@pytest.mark.parametrize(("name", "outcome"), [("localhost", "ok"), ("other.test", "failed")])
def test_a_certificate_is_judged_by_its_name(
    name: str,
    outcome: str,
    run: Run,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    get_ssl_verify.cache_clear()
    with secure(authority, name) as provider:
        ran = run("doctor", "-i", provider.issuer, "--json")
    assert named(ran, "TLS")["outcome"] == outcome


def test_a_server_without_tls_is_called_that(run: Run, provider: EmbeddedProvider) -> None:
    ran = run("doctor", "-i", provider.issuer.replace("http:", "https:"), "--json")
    assert named(ran, "TLS")["outcome"] == "failed"


@pytest.mark.parametrize(
    ("path", "answer", "name"),
    [
        (DISCOVERY, Answer(404), "metadata"),
        ("/jwks", Answer(500), "keys"),
        ("/jwks", Answer.of_json({"keys": []}), "keys"),
    ],
)
def test_what_the_provider_answers_is_judged(
    path: str, answer: Answer, name: str, run: Run, provider: EmbeddedProvider
) -> None:
    provider.intercept = answering(path, answer)
    ran = run("doctor", "-i", provider.issuer, "--json")
    assert (ran.status, named(ran, name)["outcome"]) == (1, "failed")


def test_metadata_without_keys_is_no_fault(run: Run, provider: EmbeddedProvider) -> None:
    document = {**provider.document()}
    del document["jwks_uri"]
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    assert named(run("doctor", "-i", provider.issuer, "--json"), "keys")["outcome"] == "skipped"


def test_a_provider_without_a_clock_is_no_fault() -> None:
    from py_identity_model.cli.clocks import clock_check

    assert clock_check(None).outcome is Outcome.SKIPPED


def distributions(monkeypatch: pytest.MonkeyPatch, **found: str) -> None:
    def version(name: str) -> str:
        if name not in found:
            raise PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr(doctor, "requires", lambda name: ["httpx>=0.28", "x; extra == 'a'"])


def test_an_old_dependency_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    distributions(monkeypatch, httpx="0.27.2")
    (check, *_) = doctor._dependencies()
    assert (check.outcome, check.remedy) == (Outcome.FAILED, "pip install 'httpx>=0.28'")


def test_a_missing_dependency_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    distributions(monkeypatch)
    (check, *_) = doctor._dependencies()
    assert (check.outcome, check.found) == (Outcome.FAILED, "not installed")


def test_two_distributions_of_one_import_name_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "packages_distributions", lambda: {"jwt": ["PyJWT", "jwt"]})
    checks = {check.name: check for check in doctor._dependencies()}
    assert checks["import jwt"].failed


@pytest.mark.parametrize(("listed", "outcome"), [("4.1.1", "failed"), (None, "warning")])
def test_another_release_with_our_import_name_is_noticed(
    listed: str | None, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributions(monkeypatch, **({} if listed is None else {"py-identity-model": listed}))
    check: Check = doctor._installed()
    assert check.outcome == outcome


def test_credentials_are_taken_out_of_an_address() -> None:
    assert reach.without_credentials("http://u:p@host:1/") == "http://host:1/"
    assert reach.without_credentials("http://u:p://@q@host") == "http://host"
    assert reach.without_credentials("u:p@host:1") == "host:1"  # proxies may lack a scheme
    assert reach.without_credentials("u:p://q@host:1") == "host:1"
    assert reach.without_credentials("//u:p@host") == "//host"
    assert reach.without_credentials("http://host") == "http://host"


def test_a_code_is_explained(run: Run) -> None:
    ran = run("explain", "token_expired", "--json")
    assert ran.json["cause"] == "The token's `exp` is past."
    wrong = run("explain", "token_expird")
    assert (wrong.status, "did you mean token_expired" in wrong.err) == (2, True)
