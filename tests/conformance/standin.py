"""A small stand-in for the suite: its REST API, and modules that the embedded provider plays.

It judges as the suite does, by what arrives: enough to see that the driver and the relying party
do each thing that the suite's plans want.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from py_identity_model.testing import Answer, Received
from py_identity_model.testing.wire import LoopbackServer
from tests.conformance.stage import Stage
from tests.op.driver import Certificates

Variant = Mapping[str, str]
_CORE: Mapping[str, Any] = {"client_registration": {}, "request_type": {}}
_CLIENT: Mapping[str, Any] = {"client_auth_type": {}, "response_mode": {}, **_CORE}
_FAPI: Mapping[str, Any] = {
    "client_auth_type": {},
    "sender_constrain": {},
    "fapi_profile": {},
    "fapi_client_type": {},
    "authorization_request_type": {},
    "grant_management": {},
}
_OIDCC, _FAPI2 = "oidcc-client-test", "fapi2-security-profile-final-client-test"
_FAPI1 = "fapi1-advanced-final-client-test"


def _modules(*names: str, **variant: str) -> list[dict[str, Any]]:
    return [{"testModule": name, "variant": variant} for name in names]


PLANS: Mapping[str, tuple[Mapping[str, Any], list[dict[str, Any]]]] = {
    "oidcc-client-basic-certification-test-plan": (
        _CORE,
        _modules(
            *(_OIDCC, f"{_OIDCC}-invalid-iss", f"{_OIDCC}-invalid-aud", f"{_OIDCC}-missing-sub"),
            *(f"{_OIDCC}-nonce-invalid", f"{_OIDCC}-userinfo-invalid-sub"),
            *(f"{_OIDCC}-idtoken-sig-none", f"{_OIDCC}-kid-absent-single-jwks"),
            response_type="code",
            client_auth_type="client_secret_basic",
        ),
    ),
    "oidcc-client-formpost-hybrid-certification-test-plan": (
        _CORE,
        _modules(
            *(_OIDCC, f"{_OIDCC}-invalid-chash"),
            response_type="code id_token",
            response_mode="form_post",
        ),
    ),
    "oidcc-client-implicit-certification-test-plan": (
        _CORE,
        _modules(_OIDCC, f"{_OIDCC}-nonce-invalid", response_type="id_token")
        + _modules(_OIDCC, f"{_OIDCC}-invalid-athash", response_type="id_token token"),
    ),
    "oidcc-client-config-certification-test-plan": (
        _CLIENT,
        _modules(
            *(f"{_OIDCC}-discovery-openid-config", f"{_OIDCC}-discovery-jwks-uri-keys"),
            *(f"{_OIDCC}-discovery-issuer-mismatch", f"{_OIDCC}-signing-key-rotation"),
            f"{_OIDCC}-signing-key-rotation-just-before-signing",
            response_type="code",
        ),
    ),
    "oidcc-client-dynamic-certification-test-plan": (
        _CLIENT,
        _modules(
            *(f"{_OIDCC}-discovery-webfinger-acct", f"{_OIDCC}-discovery-webfinger-url"),
            *(f"{_OIDCC}-dynamic-registration", f"{_OIDCC}-request-uri-signed-rs256"),
            f"{_OIDCC}-request-uri-signed-none",
            response_type="code",
            client_registration="dynamic_client",
            request_type="request_uri",
        ),
    ),
    "oidcc-client-refreshtoken-test-plan": (
        _CLIENT,
        _modules(f"{_OIDCC}-refresh-token", f"{_OIDCC}-refresh-token-invalid-issuer"),
    ),
    "oidcc-client-test-3rd-party-init-login-test-plan": (
        _CLIENT,
        _modules(f"{_OIDCC}-3rd-party-init-login"),
    ),
    "oidcc-client-rp-initiated-logout-rp-basic": (
        _CLIENT,
        _modules(f"{_OIDCC}-rp-init-logout", f"{_OIDCC}-rp-init-logout-other-state"),
    ),
    "oidcc-client-back-channel-logout-rp-basic": (
        _CLIENT,
        _modules(
            f"{_OIDCC}-rp-backchannel-rpinitlogout",
            f"{_OIDCC}-rp-backchannel-rpinitlogout-wrong-aud",
            f"{_OIDCC}-rp-backchannel-rpinitlogout-wrong-alg",
        ),
    ),
    "oidcc-client-front-channel-logout-rp-basic": (
        _CLIENT,
        _modules(f"{_OIDCC}-rp-frontchannel-rpinitlogout"),
    ),
    "oidcc-client-rp-session-management-rp-basic": (
        _CLIENT,
        _modules(f"{_OIDCC}-session-management"),
    ),
    "fapi2-security-profile-final-client-test-plan": (
        _FAPI,
        _modules(f"{_FAPI2}-happy-path", f"{_FAPI2}-invalid-iss"),
    ),
    "fapi2-message-signing-final-client-test-plan": (
        {**_FAPI, "fapi_request_method": {}, "fapi_response_mode": {}},
        _modules(f"{_FAPI2}-happy-path", f"{_FAPI2}-ensure-jarm-with-invalid-sig-fails"),
    ),
    "fapi2-message-signing-final-client-credentials-grant-client-test-plan": (
        {"client_auth_type": {}, "sender_constrain": {}},
        _modules(
            f"{_FAPI2}-happy-path",
            fapi_profile="fapi_client_credentials_grant",
            fapi_client_type="plain_oauth",
        ),
    ),
    "fapi1-advanced-final-client-test-plan": (
        {**_FAPI, "fapi_auth_request_method": {}, "fapi_response_mode": {}},
        _modules(_FAPI1, f"{_FAPI1}-invalid-shash", f"{_FAPI1}-invalid-missing-shash"),
    ),
    "oidcc-client-test-plan": (
        {**_CLIENT, "response_type": {}},
        _modules(
            *(_OIDCC, f"{_OIDCC}-userinfo-bearer-body"),
            *(f"{_OIDCC}-aggregated-claims", f"{_OIDCC}-distributed-claims"),
        ),
    ),
    "fapi-ciba-id1-client-test-plan": (
        {"client_auth_type": {}, "ciba_mode": {}, "fapi_ciba_profile": {}},
        _modules("fapi-ciba-id1-client-test", "fapi-ciba-id1-client-invalid-aud-test"),
    ),
}


def _is_applicable(module: str, variant: Variant) -> bool:
    if "-jarm-" in module:
        return variant["fapi_response_mode"] == "jarm"
    if module.endswith("shash"):
        return variant["fapi_response_mode"] == "plain_response"
    return "-invalid-" not in module or variant.get("fapi_client_type", "oidc") == "oidc"


class StandIn:
    """Serves the API at ``url``."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._plans: list[tuple[str, Variant, Mapping[str, Any]]] = []
        self.stages: list[Stage] = []
        self._server = LoopbackServer(self._respond, certificates.server_context())
        self.url = f"https://localhost:{self._server.port}"
        self._server.start()

    def close(self) -> None:
        """Stop serving."""
        for stage in self.stages:
            stage.close()
        self._server.stop()

    def _respond(self, received: Received) -> Answer:
        parts = received.path.strip("/").split("/")
        routes: dict[tuple[str, ...], Callable[[Received], Answer]] = {
            ("GET", "api", "plan", "available"): self._available,
            ("POST", "api", "plan"): self._create,
            ("POST", "api", "runner"): self._start,
            ("GET", ".well-known", "webfinger"): self._webfinger,
        }
        route = routes.get((received.method, *parts))
        if route is not None:
            return route(received)
        stage = self.stages[int(parts[-1] if parts[-1].isdigit() else parts[-2])]
        if parts[1] == "info":
            return Answer.of_json({"status": stage.status, "result": stage.result})
        if parts[-1] == "visit":
            stage.visited.append(received.query["url"])
            return Answer(204)
        urls = [one for one in stage.urls if one not in stage.visited]
        return Answer.of_json({"exposed": stage.exposed, "browser": {"urls": urls}})

    def _available(self, received: Received) -> Answer:
        return Answer.of_json(
            [{"planName": name, "variants": known} for name, (known, _) in PLANS.items()]
        )

    def _create(self, received: Received) -> Answer:
        name = received.query["planName"]
        variant = json.loads(received.query["variant"])
        assert variant.keys() <= PLANS[name][0].keys(), variant
        self._plans.append((name, variant, json.loads(received.body)))
        modules = [one for one in PLANS[name][1] if _is_applicable(one["testModule"], variant)]
        return Answer.of_json({"id": str(len(self._plans) - 1), "modules": modules}, 201)

    def _start(self, received: Received) -> Answer:
        assert not received.body
        plan, variant, configuration = self._plans[int(received.query["plan"])]
        chosen = {**variant, **json.loads(received.query.get("variant", "{}"))}
        stage = Stage(self._certificates, plan, received.query["test"], chosen, configuration)
        self.stages.append(stage)
        return Answer.of_json({"id": str(len(self.stages) - 1), "name": stage.module}, 201)

    def _webfinger(self, received: Received) -> Answer:
        stage = self.stages[-1]
        wanted = received.query["resource"]
        alias = stage.configuration["alias"]
        host = self.url.removeprefix("https://")
        assert wanted in {
            f"acct:{alias}.{stage.module}@{host}",
            f"https://{host}/{alias}/{stage.module}",
        }
        relation = "http://openid.net/specs/connect/1.0/issuer"
        links = [{"rel": relation, "href": stage.provider.issuer}]
        return Answer.of_json({"subject": wanted, "links": links})
