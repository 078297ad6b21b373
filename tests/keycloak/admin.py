"""Keycloak's admin API: as much of it as sets up a realm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Admin:
    """An administrator of the server."""

    url: str
    name: str
    password: str = field(repr=False)
    version: str = ""
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=60)

    def log_in(self) -> None:
        """Get a token, and see which version it is."""
        self._get_token()
        self.version = str(self._call("GET", "/admin/serverinfo")["systemInfo"]["version"])

    def _get_token(self) -> None:
        answer = self._client.post(
            "/realms/master/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": self.name,
                "password": self.password,
            },
        ).raise_for_status()
        self._client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    def create_realm(self, realm: dict[str, Any], clients: list[dict[str, Any]]) -> None:
        """Create a realm, then its clients, which so get the realm's default scopes."""
        self._call("POST", "/admin/realms", realm)
        for client in clients:
            self.post(realm["realm"], "clients", client)

    def post(self, realm: str, path: str, body: dict[str, Any]) -> Any:
        """Create something in a realm; the answer, if there is one."""
        return self._call("POST", f"/admin/realms/{realm}/{path}", body)

    def put(self, realm: str, path: str, body: dict[str, Any]) -> None:
        """Replace something in a realm."""
        self._call("PUT", f"/admin/realms/{realm}/{path}", body)

    def get(self, realm: str, path: str) -> Any:
        """Return something of a realm."""
        return self._call("GET", f"/admin/realms/{realm}/{path}")

    def delete(self, realm: str, path: str) -> None:
        """Delete something of a realm."""
        self._call("DELETE", f"/admin/realms/{realm}/{path}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._client.request(method, path, json=body)
        if answer.status_code == 401:  # tokens of administrators live for a minute
            self._get_token()
            answer = self._client.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:1000]}")
        return answer.json() if answer.content else None
