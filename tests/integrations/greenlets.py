"""Logins in greenlets: `greenlets.py ISSUER CLIENT_ID SECRET`; gevent patches a whole process.

It logs a browser in, renews its session in ten greenlets while another one goes on, and verifies a
token in fifty; it prints what these found.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402 - what follows sees the patched modules
import time  # noqa: E402

import gevent  # noqa: E402
import httpx  # noqa: E402

from py_identity_model import AccessTokenVerifier, OAuthClient  # noqa: E402
from py_identity_model.web import WebLogin  # noqa: E402
from tests.browsers import SECRET, Browser, at_provider  # noqa: E402


def main(issuer: str, client_id: str, secret: str) -> None:
    client = OAuthClient(issuer, client_id, client_secret=secret)
    login, browser = WebLogin(client, secret=SECRET), Browser()
    begun = browser.take(login.handle(browser.get("/login")))
    browser.take(login.handle(browser.get(at_provider(begun))))
    client.clock = lambda: time.time() + 7200

    def use() -> str | None:
        session = login.session(browser.get("/me"))
        return None if session is None else session.subject

    def go_on() -> None:
        httpx.get(f"{issuer}/meanwhile", trust_env=False)

    running = [*(gevent.spawn(use) for _ in range(10)), gevent.spawn(go_on)]
    gevent.joinall(running, timeout=30, raise_error=True)
    print(*[one.value for one in running[:-1]])
    token = httpx.post(
        f"{issuer}/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    ).json()["access_token"]
    verifier = AccessTokenVerifier(issuer, "api", http_client=None)

    def verify() -> str | None:
        return verifier.verify(f"Bearer {token}").subject

    verifying = [gevent.spawn(verify) for _ in range(50)]
    gevent.joinall(verifying, timeout=30, raise_error=True)
    print(len({one.value for one in verifying}))


if __name__ == "__main__":
    main(*sys.argv[1:])
