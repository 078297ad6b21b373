"""What requests and responses share: guards, masks, equality."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import pytest

from py_identity_model import (
    BaseResponse,
    ClientCredentialsTokenRequest,
    ClientCredentialsTokenResponse,
    DiscoveryDocumentResponse,
    DiscoveryErrorKind,
    FailedResponseAccessError,
    JwksResponse,
    SuccessfulResponseAccessError,
)

GOOD = ClientCredentialsTokenResponse(True, token={"access_token": "s3cret"})
BAD = ClientCredentialsTokenResponse(False, "it broke")


def test_data_is_read_only_from_success() -> None:
    assert GOOD.token == {"access_token": "s3cret"}
    with pytest.raises(FailedResponseAccessError) as caught:
        _ = BAD.token
    assert caught.value.field_name == "token"
    for word in ("token", "it broke", "is_successful", "failed response"):
        assert word in str(caught.value)


def test_getattr_and_hasattr_do_not_swallow_the_guard() -> None:
    with pytest.raises(FailedResponseAccessError):
        getattr(BAD, "token", None)
    with pytest.raises(FailedResponseAccessError):
        hasattr(BAD, "token")


def test_errors_are_read_only_from_failure() -> None:
    assert BAD.error == "it broke"
    for name in ("error", "error_description"):
        with pytest.raises(SuccessfulResponseAccessError) as caught:
            getattr(GOOD, name)
        assert caught.value.field_name == name
        assert "successful response" in str(caught.value)
    with pytest.raises(AttributeError):
        _ = BAD.error_description


def test_everything_else_is_read_from_both() -> None:
    for response in (JwksResponse(True), JwksResponse(False)):
        assert response.cache_control is None
        assert response.oauth_error is None
        assert response.status_code is None
    failed = DiscoveryDocumentResponse(False, error_kind=DiscoveryErrorKind.INVALID_JSON)
    assert failed.missing_fields == ()
    assert failed.error_kind is DiscoveryErrorKind.INVALID_JSON


def test_vars_bypasses_the_guards_and_asdict_does_not() -> None:
    assert vars(BAD)["token"] is None
    assert vars(GOOD)["error"] is None
    for response in (GOOD, BAD):
        with pytest.raises((FailedResponseAccessError, SuccessfulResponseAccessError)):
            asdict(response)


def test_a_success_can_be_completed_and_a_failure_cannot() -> None:
    metadata = DiscoveryDocumentResponse(True, issuer="https://op.example")
    more = replace(metadata, introspection_endpoint="https://op.example/i")
    assert (more.issuer, more.introspection_endpoint) == (metadata.issuer, "https://op.example/i")
    assert metadata.introspection_endpoint is None
    with pytest.raises((TypeError, ValueError), match="error"):  # as Python versions differ
        replace(metadata, error="it broke")
    with pytest.raises(FailedResponseAccessError):
        replace(BAD, is_successful=True)


def test_equality_compares_type_and_fields() -> None:
    assert ClientCredentialsTokenResponse(False, "it broke") == BAD
    assert BAD != GOOD
    assert BaseResponse(False) != JwksResponse(False)
    assert BAD != "it broke"
    with pytest.raises(TypeError):
        hash(BAD)


def test_responses_are_copied_and_pickled() -> None:
    for response in (GOOD, BAD):
        assert copy.copy(response) == response
        assert copy.deepcopy(response) == response
        assert pickle.loads(pickle.dumps(response)) == response


def test_repr_never_raises_and_masks_secrets() -> None:
    assert "token='[REDACTED]'" in repr(GOOD)
    assert "s3cret" not in repr(GOOD)
    assert "error='it broke'" in repr(BAD)
    assert "token=None" in repr(BAD)


def test_a_request_masks_its_secrets() -> None:
    request = ClientCredentialsTokenRequest("https://op.example", "me", "s3cret", "api")
    assert repr(request).startswith("ClientCredentialsTokenRequest(address='https://op.example'")
    assert "s3cret" not in repr(request)
    assert "client_secret='[REDACTED]'" in repr(request)
    assert request == ClientCredentialsTokenRequest("https://op.example", "me", "s3cret", "api")
    with pytest.raises(TypeError):
        hash(request)


def test_a_users_own_response_may_guard_fields_of_its_own() -> None:
    @dataclass(eq=False, repr=False)
    class Special(BaseResponse):
        _guarded_fields: ClassVar[frozenset[str]] = BaseResponse._guarded_fields | {"extra"}
        _secret_fields: ClassVar[frozenset[str]] = BaseResponse._secret_fields | {"extra"}

        extra: str | None = None

    assert Special(True, extra="x").extra == "x"
    assert "x'" not in repr(Special(True, extra="x"))
    with pytest.raises(FailedResponseAccessError):
        _ = Special(False).extra
