"""Logins as people see them: forms, tabs, the back button, denials, and every kind of logout."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import BrowserContext, Page, expect

from py_identity_model.testing.wire import Answer, LoopbackServer
from tests.op.driver import RealProvider

from .conftest import Site

Picture = Callable[[Page, str], None]


def fill_in(page: Page, user: str = "alice") -> None:
    """Log in at the provider, and consent, if it asks."""
    if page.locator("input[name=login]").count():
        page.fill("input[name=login]", user)
        page.click("text=ok")
    if page.title() == "consent":
        page.click("text=ok")


def log_in(page: Page, site: Site, user: str = "alice") -> None:
    page.goto(f"{site.url}/me")
    fill_in(page, user)
    page.wait_for_url(f"{site.url}/me")


def log_out(page: Page, site: Site) -> None:
    page.click("text=Log out")
    page.click("button[name=logout]")
    page.wait_for_url(f"{site.url}/")


def test_a_user_logs_in_by_forms_and_out_again(page: Page, site: Site, picture: Picture) -> None:
    page.goto(site.url)
    picture(page, "1-before")
    page.click("text=Log in")
    picture(page, "2-login-form")
    fill_in(page)
    page.wait_for_url(f"{site.url}/me")
    expect(page.locator("body")).to_contain_text("Your page")
    expect(page.locator("body")).to_contain_text("alice")
    picture(page, "3-logged-in")
    log_out(page, site)
    expect(page.locator("body")).to_contain_text("Log in")
    picture(page, "4-logged-out")


def test_a_program_without_pages_logs_users_in(page: Page, json_site: Site) -> None:
    page.goto(f"{json_site.url}/login?next=/")
    fill_in(page)
    page.wait_for_url(f"{json_site.url}/")
    expect(page.locator("body")).to_contain_text("alice")


def test_a_script_learns_that_its_session_has_ended(
    window: BrowserContext, page: Page, site: Site
) -> None:
    log_in(page, site)
    asks = "fetch('/me').then(answer => answer.status)"
    assert page.evaluate(asks) == 200
    window.clear_cookies(domain="localhost")
    assert page.evaluate(asks) == 401  # not the provider's page, which it could not read
    assert [one for one in window.cookies(site.url) if "-login-" in one["name"]] == []


def test_scripts_see_no_cookie(page: Page, site: Site, window: BrowserContext) -> None:
    log_in(page, site)
    assert page.evaluate("document.cookie") == ""
    ours = [one for one in window.cookies(site.url) if one["name"].startswith("session")]
    assert [(one["httpOnly"], one["sameSite"]) for one in ours] == [(True, "Lax")]


def test_two_tabs_log_in_side_by_side(window: BrowserContext, site: Site, picture: Picture) -> None:
    first, second = window.new_page(), window.new_page()
    for tab in (first, second):
        tab.goto(f"{site.url}/me")
        expect(tab.locator("input[name=login]")).to_be_visible()
    for tab in (first, second):
        fill_in(tab)
        tab.wait_for_url(f"{site.url}/me")
        expect(tab.locator("body")).to_contain_text("alice")
    picture(second, "second-tab")


def test_the_back_button_leads_into_no_error(page: Page, site: Site, picture: Picture) -> None:
    page.goto(site.url)
    log_in(page, site)
    page.go_back()  # to the form, or through the callback: the login is over
    expect(page.locator("body")).not_to_contain_text("missing_login")
    picture(page, "back")
    page.goto(f"{site.url}/me")
    expect(page.locator("body")).to_contain_text("alice")


def test_a_callback_that_is_opened_again_leads_home(page: Page, site: Site) -> None:
    with page.expect_request(lambda request: "/callback?" in request.url) as called:
        log_in(page, site)
    page.goto(called.value.url)
    page.wait_for_url(f"{site.url}/")
    expect(page.locator("body")).to_contain_text("Hello alice")


def test_the_page_of_a_user_is_not_shown_again_after_a_logout(
    window: BrowserContext, page: Page, site: Site, picture: Picture
) -> None:
    log_in(page, site)
    page.goto(site.url)
    page.evaluate(
        "fetch('/logout', {method: 'POST', redirect: 'manual',"
        " body: new URLSearchParams(new FormData(document.forms[0]))})"
    )
    page.wait_for_function("() => fetch('/me', {redirect: 'manual'}).then(r => r.status != 200)")
    window.clear_cookies(domain="127.0.0.1")  # the provider's: it would log in again at once
    page.go_back()
    expect(page.locator("input[name=login]")).to_be_visible()
    picture(page, "after-logout")


def test_a_denial_says_so_and_offers_another_login(
    page: Page, site: Site, picture: Picture
) -> None:
    page.goto(f"{site.url}/me")
    page.click("text=deny")
    expect(page.locator("h1")).to_have_text("Not logged in")
    expect(page.locator("body")).to_contain_text("access_denied")
    picture(page, "denied")
    page.click("text=Log in again")
    fill_in(page)
    page.wait_for_url(f"{site.url}/")
    expect(page.locator("body")).to_contain_text("Hello alice")


def test_a_logout_in_one_tab_is_seen_in_the_other(
    window: BrowserContext, site: Site, picture: Picture
) -> None:
    first, second = window.new_page(), window.new_page()
    log_in(first, site)
    second.goto(f"{site.url}/me")
    expect(second.locator("body")).to_contain_text("alice")
    log_out(first, site)
    second.reload()
    expect(second.locator("input[name=login]")).to_be_visible()
    picture(second, "other-tab")


def test_the_provider_ends_the_session_of_the_program(
    window: BrowserContext, op: RealProvider, site: Site
) -> None:
    """Back-channel logout: the user logs out at the provider, which tells the program."""
    page = window.new_page()
    log_in(page, site)
    elsewhere = window.new_page()
    elsewhere.goto(f"{op.issuer}/session/end")
    with elsewhere.expect_navigation():
        elsewhere.click("button[name=logout]")
    page.goto(site.url)
    expect(page.locator("body")).not_to_contain_text("Hello")
    expect(page.locator("body")).to_contain_text("Log in")


def test_a_hidden_frame_of_another_site_ends_the_session_without_cookies(
    window: BrowserContext, op: RealProvider, site: Site
) -> None:
    """Front-channel logout: the frame's cookies are not sent, for they are SameSite=Lax."""
    page = window.new_page()
    log_in(page, site)
    sid = quote(site.provider_session())
    frame = f"{site.url}/frontchannel-logout?iss={quote(op.issuer)}&sid={sid}"
    body = f'<iframe src="{frame}"></iframe>'.replace("&", "&amp;").encode()
    server = LoopbackServer(lambda received: Answer(200, body, {"content-type": "text/html"}), None)
    server.start()
    elsewhere = window.new_page()
    with elsewhere.expect_response(lambda response: "frontchannel" in response.url) as framed:
        elsewhere.goto(f"http://127.0.0.1:{server.port}/")
    assert framed.value.status == 200
    assert "cookie" not in framed.value.request.all_headers()
    server.stop()
    page.goto(site.url)
    expect(page.locator("body")).to_contain_text("Log in")


def test_a_browser_without_cookies_is_told_why(
    window: BrowserContext, page: Page, site: Site, picture: Picture
) -> None:
    page.goto(f"{site.url}/me")
    window.clear_cookies(domain="localhost")
    fill_in(page)
    expect(page.locator("h1")).to_have_text("Not logged in")
    expect(page.locator("body")).to_contain_text("cookies are blocked")
    picture(page, "no-cookie")


def test_another_site_logs_nobody_out(window: BrowserContext, page: Page, site: Site) -> None:
    log_in(page, site)
    body = (
        f'<form method="post" action="{site.url}/logout"><button>win</button></form>'
        f'<img src="{site.url}/logout">'
    ).encode()
    server = LoopbackServer(lambda received: Answer(200, body, {"content-type": "text/html"}), None)
    server.start()
    evil = window.new_page()
    evil.goto(f"http://127.0.0.1:{server.port}/")
    evil.click("text=win")
    expect(evil.locator("h1")).to_have_text(re.compile("Not logged out|Forbidden"))
    server.stop()
    page.reload()
    expect(page.locator("body")).to_contain_text("alice")
