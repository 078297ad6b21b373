"""Responses with key sets, made of what a fetch found."""

from __future__ import annotations

import pytest

from py_identity_model import ErrorKind, JsonWebKey, JwksResponse
from py_identity_model._jose.keys import KeySnapshot
from py_identity_model._protocol.jwks import response_of
from py_identity_model._validation.fetch_result import FetchResult
from py_identity_model.exceptions import FailedResponseAccessError

KEY = JsonWebKey(kty="oct", k="c2VjcmV0", kid="k")


def test_keys_are_handed_out_as_a_list_of_the_callers_own() -> None:
    snapshot = KeySnapshot([KEY])
    response = response_of(FetchResult(snapshot, cache_control="max-age=60"))
    assert response == JwksResponse(True, keys=[KEY], cache_control="max-age=60")
    assert response.keys is not None
    response.keys.clear()
    assert snapshot.keys == (KEY,)


def test_an_empty_key_set_is_a_success() -> None:
    response = response_of(FetchResult(KeySnapshot([])))
    assert response.is_successful
    assert response.keys == []


def test_a_failure_says_why_and_has_no_keys() -> None:
    failed: FetchResult[KeySnapshot] = FetchResult(
        error="gone", error_kind=ErrorKind.UNEXPECTED_STATUS, status_code=410
    )
    response = response_of(failed)
    assert not response.is_successful
    assert (response.error, response.error_kind, response.status_code) == (
        *("gone", ErrorKind.UNEXPECTED_STATUS),
        410,
    )
    with pytest.raises(FailedResponseAccessError):
        _ = response.keys
