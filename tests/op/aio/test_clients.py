"""Clients registered and managed; users logged out."""

from __future__ import annotations

import pytest

from py_identity_model.aio import (
    ClientDeleteRequest,
    ClientReadRequest,
    ClientRegistrationRequest,
    ClientUpdateRequest,
    MemoryReplayStore,
    TokenValidationConfig,
    build_end_session_url,
    delete_client,
    read_client,
    register_client,
    update_client,
    validate_logout_token,
    validate_post_logout_state,
)
from py_identity_model.exceptions import (
    LogoutStateValidationException,
    LogoutTokenValidationException,
)
from tests.op.aio.login import log_in
from tests.op.browser import Browser
from tests.op.conftest import RelyingParty
from tests.op.driver import RealProvider
from tests.support import refused

CALLBACK = "https://new.example.test/cb"


async def test_a_client_is_registered_read_updated_and_deleted(op: RealProvider) -> None:
    created = await register_client(
        ClientRegistrationRequest(f"{op.issuer}/reg", [CALLBACK], client_name="New")
    )
    assert created.is_successful, vars(created)
    assert created.client_id is not None
    assert created.metadata is not None
    assert created.metadata["client_name"] == "New"
    where, token = created.registration_client_uri or "", created.registration_access_token or ""
    read = await read_client(ClientReadRequest(where, token))
    assert read.client_id == created.client_id
    updated = await update_client(
        ClientUpdateRequest(
            where,
            token,
            created.client_id,
            [f"{CALLBACK}/2"],
            client_secret=created.client_secret,
        )
    )
    assert updated.is_successful, vars(updated)
    assert updated.metadata is not None
    assert updated.metadata["redirect_uris"] == [f"{CALLBACK}/2"]
    rotated = updated.registration_access_token or ""
    assert rotated != token
    assert (await read_client(ClientReadRequest(where, token))).oauth_error == "invalid_token"
    assert (await delete_client(ClientDeleteRequest(where, rotated))).is_successful
    assert (await read_client(ClientReadRequest(where, rotated))).status_code == 401


async def test_invalid_metadata_is_refused_by_its_name(op: RealProvider) -> None:
    response = await register_client(
        ClientRegistrationRequest(f"{op.issuer}/reg", ["https://new.example.test/#fragment"])
    )
    assert response.oauth_error == "invalid_redirect_uri"
    assert str(response.error).startswith("invalid_redirect_uri: ")


async def test_a_logout_comes_back_with_its_state(op: RealProvider, browser: Browser) -> None:
    login = await log_in(op, browser, "web-logout")
    url = build_end_session_url(
        login.disco.end_session_endpoint or "",
        id_token_hint=login.token["id_token"],
        post_logout_redirect_uri="https://rp.example.test/bye",
        state="after all",
    )
    landing = browser.go(url, until="https://rp.example.test/bye")
    validate_post_logout_state("after all", landing.values["state"])
    with pytest.raises(LogoutStateValidationException, match="does not match"):
        validate_post_logout_state("another", landing.values["state"])


async def test_the_provider_reports_a_logout_by_a_token_that_works_once(
    op: RealProvider, browser: Browser, rp: RelyingParty
) -> None:
    login = await log_in(op, browser, "web-logout")
    url = build_end_session_url(
        login.disco.end_session_endpoint or "",
        id_token_hint=login.token["id_token"],
        post_logout_redirect_uri="https://rp.example.test/bye",
    )
    browser.go(url, until="https://rp.example.test/bye")
    notice = rp.received.get(timeout=10)
    token = notice.form["logout_token"]
    config = TokenValidationConfig(perform_disco=True, audience="web-logout")
    store = MemoryReplayStore()
    claims = await validate_logout_token(
        token, config, op.issuer, replay_store=store, require_typ=True
    )
    assert claims["sid"] == login.claims["sid"]
    with refused(LogoutTokenValidationException, "logout_token_replayed"):
        await validate_logout_token(token, config, op.issuer, replay_store=store)


async def test_an_id_token_is_not_a_logout_token(op: RealProvider, browser: Browser) -> None:
    login = await log_in(op, browser)
    config = TokenValidationConfig(perform_disco=True, audience="web")
    with refused(LogoutTokenValidationException, "missing_logout_claim"):
        await validate_logout_token(login.token["id_token"], config, op.issuer)
