"""``discover``: a provider's metadata, judged: what works, and what needs a policy line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from .. import (
    DiscoveryDocumentRequest,
    DiscoveryDocumentResponse,
    DiscoveryPolicy,
    HTTPClient,
    JwksRequest,
    OAuthClient,
    PyIdentityModelException,
    get_discovery_document,
    get_jwks,
    validate_fapi_discovery,
)
from ..providers import Provider
from . import inputs
from .error_codes import EXPLANATIONS
from .output import Output
from .report import Check, Report, failed, ok, skipped, warning

_POLICY = re.compile(r"DiscoveryPolicy\(.*\)")
_ENDPOINTS = {
    "authorization_endpoint": "logins (OAuthClient.authorization_request, callback)",
    "token_endpoint": "tokens",
    "userinfo_endpoint": "userinfo (OAuthClient.userinfo)",
    "pushed_authorization_request_endpoint": "pushed requests (use_par=True)",
    "device_authorization_endpoint": "device logins (request_device_login)",
    "backchannel_authentication_endpoint": "CIBA (request_backchannel_login)",
    "introspection_endpoint": "introspection (opaque_tokens=)",
    "revocation_endpoint": "revocation (OAuthClient.revoke)",
    "end_session_endpoint": "logout (end_session_url)",
    "registration_endpoint": "registration (register_client)",
}
_LISTED = {
    "grant_types_supported": "grants",
    "token_endpoint_auth_methods_supported": "client authentication",
    "id_token_signing_alg_values_supported": "ID tokens are signed by",
    "dpop_signing_alg_values_supported": "DPoP",
    "response_modes_supported": "response modes",
    "scopes_supported": "scopes",
}
_FLAGS = {
    "authorization_response_iss_parameter_supported": "iss in answers (RFC 9207)",
    "require_pushed_authorization_requests": "pushed requests are required",
    "request_parameter_supported": "signed requests (JAR)",
    "tls_client_certificate_bound_access_tokens": "certificate-bound tokens",
    "backchannel_logout_supported": "back-channel logout",
    "frontchannel_logout_supported": "front-channel logout",
}


def judge(
    trusted: str | Provider,
    http_client: HTTPClient,
    *,
    fapi: bool = False,
    policy: DiscoveryPolicy | None = None,
) -> Report:
    """Return what a provider's metadata allows, and what a policy must accept first.

    With ``fapi`` what violates FAPI 2.0 is a failure; with ``policy`` that one is tried.

    Example::

        with HTTPClient() as http_client:
            print(judge("https://op.example", http_client).verdict)
    """
    client = OAuthClient(
        trusted, "py-identity-model", http_client=http_client, discovery_policy=policy
    )
    metadata = client.metadata()
    checks = [ok("issuer", str(metadata.issuer)), _by_function(trusted, http_client, policy)]
    checks += [*_endpoints(client, metadata), _keys(metadata, http_client)]
    checks += [*_lists(metadata), *_pkce(metadata), *_flags(metadata)]
    if fapi:
        checks += _fapi(metadata)
    members = {"issuer": metadata.issuer, "document": metadata.document}
    lines = [check.remedy for check in checks if check.remedy.startswith("DiscoveryPolicy(")]
    bad = sum(check.failed for check in checks)
    verdict = _count(bad) if bad else "it works"
    if lines:
        verdict += f"; where the functions need it: discovery_policy={lines[-1]}"
    return Report(f"Metadata of {metadata.issuer}", verdict, checks, members)


def _count(bad: int) -> str:
    return "1 thing does not work" if bad == 1 else f"{bad} things do not work"


def policy_line(text: str) -> str:
    """Return the literal policy by which an error message would be cured, or nothing."""
    found = _POLICY.search(text)
    return "" if found is None else found[0]


def _by_function(
    trusted: str | Provider, http_client: HTTPClient, policy: DiscoveryPolicy | None
) -> Check:
    """Judge by the strict rules of the functions; objects judge a member when they use it."""
    name = "strict policy" if policy is None else "your policy"
    address = trusted if isinstance(trusted, str) else trusted.document_address
    if address is None:
        return skipped(name, "there is no document")
    request = DiscoveryDocumentRequest(address, policy=policy)
    response = get_discovery_document(request, http_client)
    if response.is_successful:
        return ok(name, "accepted", "get_discovery_document, validate_token")
    text = str(response.error)
    line = policy_line(text)
    problem = text.partition(line)[0].rpartition(";")[0] if line else text
    return warning(name, problem, "", line or "no policy accepts it")


def _endpoints(client: OAuthClient, metadata: DiscoveryDocumentResponse) -> Iterator[Check]:
    for name, what in _ENDPOINTS.items():
        url = getattr(metadata, name)
        if not url:
            yield skipped(name.removesuffix("_endpoint"), "not offered")
            continue
        try:
            client.endpoint(name)
        except PyIdentityModelException as error:
            remedy = policy_line(error.message) or EXPLANATIONS[error.code].remedy
            yield failed(name.removesuffix("_endpoint"), error.message, what, remedy)
        else:
            yield ok(name.removesuffix("_endpoint"), str(url), what)


def _keys(metadata: DiscoveryDocumentResponse, http_client: HTTPClient) -> Check:
    if metadata.jwks_uri is None:
        return warning("keys", "no jwks_uri", "a key set", "no token can be verified with it")
    response = get_jwks(JwksRequest(metadata.jwks_uri), http_client)
    if not response.is_successful:
        return failed("keys", str(response.error), "a key set", EXPLANATIONS["jwks_failed"].remedy)
    keys = response.keys or []
    shown = ", ".join(f"{key.kty} {key.alg or ''} {key.kid or 'without kid'}" for key in keys)
    return ok("keys", shown) if keys else failed("keys", "none", "one at least")


def _lists(metadata: DiscoveryDocumentResponse) -> Iterator[Check]:
    for name, what in _LISTED.items():
        values = getattr(metadata, name)
        if isinstance(values, list):
            yield ok(what, " ".join(map(str, values)))
        else:
            yield skipped(what, "not said")


def _pkce(metadata: DiscoveryDocumentResponse) -> Iterator[Check]:
    methods: Any = metadata.code_challenge_methods_supported
    if methods is None:
        yield skipped("PKCE", "not said; it is sent all the same")
        return
    listed = methods if isinstance(methods, list) else [methods]
    shown = " ".join(map(str, listed))
    if "S256" in listed:
        yield ok("PKCE", shown, "S256")
    else:
        yield warning("PKCE", shown, "S256", "ask the provider for S256")


def _flags(metadata: DiscoveryDocumentResponse) -> Iterator[Check]:
    for name, what in _FLAGS.items():
        value = getattr(metadata, name)
        yield (
            ok(what, "yes")
            if value is True
            else skipped(what, "no" if value is False else "not said")
        )


def _fapi(metadata: DiscoveryDocumentResponse) -> list[Check]:
    result = validate_fapi_discovery(metadata)
    found = [failed("FAPI 2.0", text) for text in result.violations]
    return found or [ok("FAPI 2.0", "nothing violates the security profile")]


def command(
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    fapi: Annotated[bool, typer.Option("--fapi", help="Judge by FAPI 2.0 as well.")] = False,
    other_hosts: Annotated[
        bool,
        typer.Option(
            "--allow-endpoints-on-other-hosts", help="Policy: endpoints may be on any https host."
        ),
    ] = False,
    unknown_types: Annotated[
        bool,
        typer.Option(
            "--allow-unknown-types", help="Policy: response and subject types may be unknown."
        ),
    ] = False,
    missing_members: Annotated[
        bool,
        typer.Option(
            "--allow-missing-login-members", help="Policy: what only logins need may be missing."
        ),
    ] = False,
    expected_issuer: Annotated[
        str | None,
        typer.Option("--expected-issuer", help="Policy: the issuer that the document names."),
    ] = None,
    endpoint_base: Annotated[
        list[str] | None,
        typer.Option("--endpoint-base", help="Policy: a further base URL of endpoints."),
    ] = None,
    as_json: inputs.Json = False,
) -> None:
    """Judge a provider's metadata: what works, and which policy line accepts what is unusual."""
    with Output(as_json) as out:
        trusted = inputs.trusted(issuer, preset)
        named = DiscoveryPolicy(
            additional_endpoint_base_addresses=endpoint_base or [],
            allow_endpoints_on_other_hosts=other_hosts,
            allow_unknown_types=unknown_types,
            allow_missing_login_members=missing_members,
            expected_issuer=expected_issuer,
        )
        # Objects have a rule of their own for documents, where no policy is given.
        policy = None if named == DiscoveryPolicy() else named
        with out.waiting("reading the metadata"), HTTPClient(timeout=10) as http_client:
            report = judge(trusted, http_client, fapi=fapi, policy=policy)
        out.show(report)
