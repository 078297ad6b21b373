"""Swagger's Authorize button, on the API that is one of the examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from py_identity_model.testing import EmbeddedProvider

from .conftest import CHROMIUM, Serving

ASSETS = CHROMIUM / "node_modules/swagger-ui-dist"


def asset(route: Route) -> None:
    """Serve Swagger UI's files from their package: a test needs no network."""
    file = ASSETS / Path(route.request.url).name
    if file.exists():
        route.fulfill(path=str(file))
    else:
        route.abort()


def test_a_user_authorizes_swagger_and_calls_the_api(
    page: Page, serving: Serving, node: Path, picture: Callable[[Page, str], None]
) -> None:
    listener, url = serving.listen()
    with EmbeddedProvider(public_client_id="swagger", allowed_origins=[url]) as provider:
        serving.run(
            "protected_api", listener, OIDC_ISSUER=provider.issuer, OIDC_AUDIENCE=provider.audience
        )
        page.route(lambda address: not address.startswith((url, provider.issuer)), asset)
        page.goto(f"{url}/docs")
        page.click("text=GET >> nth=0")
        page.click("text=Try it out")
        page.click("text=Execute")
        expect(page.locator(".live-responses-table")).to_contain_text("missing_token")
        page.click("button.authorize >> nth=0")
        expect(page.locator(".modal-ux")).to_contain_text(f"{provider.issuer}/authorize")
        page.click(".modal-ux label[for^=read]")
        picture(page, "1-dialog")
        page.click(".modal-ux button.authorize")  # a window opens, and closes by itself
        expect(page.locator(".modal-ux")).to_contain_text("Authorized", timeout=15_000)
        page.click(".modal-ux >> text=Close")
        page.click("text=Execute")
        expect(page.locator(".live-responses-table")).to_contain_text('"user": "alice"')
        picture(page, "2-answer")
