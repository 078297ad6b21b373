"""The chain of a workload's identities: which applies, and why others do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from py_identity_model import (
    ClientAuthentication,
    ClientSecretBasic,
    FederatedAssertion,
    GitHubActionsToken,
    InvalidArgumentError,
    SpiffeJwt,
    SpiffeX509,
    TokenCommand,
    workload_identity,
)
from py_identity_model.exceptions import ConfigurationException
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused

AUDIENCE = "https://op.example"
GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://ci.example/token?v=2",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret",
}


@pytest.fixture
def write(tmp_path: Path, provider: EmbeddedProvider) -> Callable[..., Path]:
    """Return a function that writes a platform's token to a file."""

    def written(name: str, **claims: Any) -> Path:
        file = tmp_path / name
        file.write_text(provider.mint(**({"aud": AUDIENCE} | claims)))
        return file

    return written


def find(**more: Any) -> ClientAuthentication:
    return workload_identity(AUDIENCE, **({"kubernetes_token_file": "/none/token"} | more))


def reasons(**more: Any) -> dict[str, str]:
    with refused(ConfigurationException, "no_workload_identity") as caught:
        find(**more)
    links: dict[str, str] = caught.value.details["links"]
    assert all(f"{name}: {reason}" in str(caught.value) for name, reason in links.items())
    return links


def test_each_link_says_why_it_does_not_apply() -> None:
    links = reasons()
    assert [*links] == [
        *("explicit", "environment", "kubernetes", "github", "spiffe-jwt", "spiffe-x509"),
        *("entra", "file", "command"),
    ]
    assert links["kubernetes"] == (
        "the token file /none/token cannot be read: No such file or directory"
    )
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" in links["github"]
    assert links["entra"] == "AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE not set"


def test_what_is_given_comes_first(write: Callable[..., Path]) -> None:
    given = ClientSecretBasic("s")
    assert find(explicit=given, token_file=write("token")) is given


def test_the_environment_names_a_file_or_has_a_secret(
    monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "the-s3cret")
    assert find(token_file=write("token")) == ClientSecretBasic("the-s3cret")
    file = write("assertion")
    monkeypatch.setenv("OIDC_CLIENT_ASSERTION_FILE", str(file))
    assert find() == FederatedAssertion(file, audience=AUDIENCE)


def test_a_file_of_the_environment_that_is_missing_is_not_replaced_by_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "the-s3cret")
    monkeypatch.setenv("OIDC_CLIENT_ASSERTION_FILE", "/none/assertion")
    assert "/none/assertion cannot be read" in reasons()["environment"]


@pytest.mark.parametrize("claims", [{"aud": "elsewhere"}, {"exp": 1}])
def test_a_file_of_the_environment_that_does_not_apply_ends_the_chain(
    monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path], claims: dict[str, Any]
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_ASSERTION_FILE", str(write("assertion", **claims)))
    links = reasons(kubernetes_token_file=write("projected"), token_file=write("token"))
    assert [*links] == ["explicit", "environment"]


def test_a_secret_of_the_environment_may_be_for_one_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "the-s3cret")
    monkeypatch.setenv("OIDC_CLIENT_SECRET_AUDIENCE", "https://other.example")
    assert "OIDC_CLIENT_SECRET_AUDIENCE" in reasons()["environment"]
    monkeypatch.setenv("OIDC_CLIENT_SECRET_AUDIENCE", AUDIENCE)
    assert find() == ClientSecretBasic("the-s3cret")


def test_a_projected_token_must_be_for_the_provider(write: Callable[..., Path]) -> None:
    file = write("projected")
    assert find(kubernetes_token_file=file) == FederatedAssertion(file, audience=AUDIENCE)
    default = write("default", aud=["https://kubernetes.default.svc"])
    assert "another audience" in reasons(kubernetes_token_file=default)["kubernetes"]
    assert "expired" in reasons(kubernetes_token_file=write("old", exp=1))["kubernetes"]


def test_a_job_of_github_is_recognized(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GITHUB.items():
        monkeypatch.setenv(name, value)
    found = find()
    assert found == FederatedAssertion(GitHubActionsToken(AUDIENCE), audience=AUDIENCE)
    assert "s3cret" not in repr(found)


def test_spiffe_has_two_kinds_of_documents(write: Callable[..., Path], tmp_path: Path) -> None:
    jwt = write("jwt_svid.token")
    assert find(spiffe_jwt_file=jwt) == SpiffeJwt(jwt, audience=AUDIENCE)
    names = tmp_path / "svid.pem", tmp_path / "svid_key.pem"
    files = {"spiffe_certificate_file": names[0], "spiffe_key_file": names[1]}
    assert reasons(**files)["spiffe-x509"] == f"{names[0]} is not a file"
    names[0].touch()
    assert reasons(**files)["spiffe-x509"] == f"{names[1]} is not a file"
    names[1].touch()
    assert find(**files) == SpiffeX509(*map(str, names))
    assert find(spiffe_certificate_file=names[0]) == SpiffeX509(str(names[0]), str(names[0]))


def test_entra_needs_all_of_its_variables(
    monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]
) -> None:
    file = write("azure-identity-token")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    monkeypatch.setenv("AZURE_TENANT_ID", "contoso")
    assert reasons()["entra"] == "AZURE_CLIENT_ID not set"
    monkeypatch.setenv("AZURE_CLIENT_ID", "app")
    assert find() == FederatedAssertion(file, audience=AUDIENCE)


def test_any_other_file_or_command_comes_last(write: Callable[..., Path]) -> None:
    file = write("token")
    command = ["cat", str(file)]
    assert find(token_file=file, command=command) == FederatedAssertion(file, audience=AUDIENCE)
    found = find(token_file="/none/token", command=command)
    assert found == FederatedAssertion(TokenCommand(command), audience=AUDIENCE)
    assert reasons(command=["no-such-program", "s3cret"])["command"] == (
        "there is no program no-such-program"
    )


@pytest.mark.parametrize("audience", ["", " ", None, ["a"]])
def test_an_audience_is_required(audience: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="audience"):
        workload_identity(audience)


def test_a_secret_is_not_an_authentication() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        find(explicit="s3cret")
    assert "s3cret" not in str(caught.value)
