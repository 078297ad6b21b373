"""The full rules for discovery documents, for callers who use any member.

OpenID Connect Discovery §3, §4.3, RFC 8414 §2, §3.3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, NamedTuple
from urllib.parse import SplitResult

from .._validation.endpoint_rules import check_alias
from .._validation.fetch_result import FetchResult, Refused
from .._validation.provider_document import (
    DISCOVERY_DOCUMENT,
    MEDIA_TYPE,
    DiscoveryErrorKind,
    Provider,
    check_issuer,
    endpoint_parts,
    failed,
    further_hosts,
    host_problem,
    issuer_problem,
    json_object,
    missing_text,
    program_named,
    refuse,
    refuse_media_type,
    remedy_text,
    require_success,
)
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.messages import HttpResponse
from .._wire.urls import OAUTH_METADATA, discovery_address
from ..exceptions import ConfigurationException, DiscoveryHTTPSRequiredError
from .discovery import DiscoveryDocumentResponse, failed_response_of, response_of

_OPENID_MEMBERS = (
    "issuer",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
_OAUTH_MEMBERS = ("issuer", "response_types_supported")
_ENDPOINTS = [f.name for f in fields(DiscoveryDocumentResponse) if f.name.endswith("_endpoint")]
_CHECKED = ("jwks_uri", *_ENDPOINTS)
_RESPONSE_TYPE_WORDS = frozenset({"code", "id_token", "token"})
_SUBJECT_TYPES = frozenset({"public", "pairwise"})


class Problem(NamedTuple):
    """A violated rule, and the members of a policy that would lift it, if any."""

    kind: DiscoveryErrorKind
    text: str
    policy: Mapping[str, Any]
    missing: tuple[str, ...] = ()


def parse(address: str, policy: DiscoveryPolicy, response: HttpResponse) -> Provider:
    """Return the provider in the response from ``address``; raise for a violated rule.

    The error names everything that is wrong, and the policy that would accept it, so that one
    configuration change is enough.  Aliases for clients with certificates are left to
    :func:`check_aliases`.
    """
    require_success(response)
    if response.media_type != MEDIA_TYPE:
        refuse_media_type(response.media_type)
    document = json_object(response)
    _refuse_for(
        policy, list(_DocumentCheck(discovery_address(address), policy, document).problems())
    )
    return Provider(document["issuer"], document.get("jwks_uri"), response.content)


def checked_response_of(
    result: FetchResult[Provider], address: str, policy: DiscoveryPolicy
) -> DiscoveryDocumentResponse:
    """Return the response, after checking all members, including certificate aliases."""
    response = response_of(result)
    if response.is_successful and response.document is not None:
        try:
            check_aliases(address, policy, response.document)
        except Refused as error:
            return failed_response_of(failed(error))
    return response


def check_aliases(address: str, policy: DiscoveryPolicy, document: Mapping[str, Any]) -> None:
    """Raise :class:`Refused` for a certificate alias that must not be used."""
    aliases = document.get("mtls_endpoint_aliases")
    if aliases is None:
        return
    if not isinstance(aliases, dict):
        refuse(DiscoveryErrorKind.INVALID_DOCUMENT, "mtls_endpoint_aliases is not an object")
    named = program_named(str(document["issuer"]), discovery_address(address), policy)
    for alias, url in aliases.items():
        _check_alias(f"mtls_endpoint_aliases.{alias}", url, policy, *named)


def _check_alias(name: str, url: object, policy: DiscoveryPolicy, *named: str) -> None:
    try:
        check_alias(name, url, policy, *named)
    except DiscoveryHTTPSRequiredError as error:
        refuse(DiscoveryErrorKind.HTTPS_REQUIRED, f"Invalid {name}: {error}")
    except ConfigurationException as error:
        if error.code == "internal_address":
            refuse(DiscoveryErrorKind.INVALID_DOCUMENT, str(error))
        refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid {name}: {error}")


def _refuse_for(policy: DiscoveryPolicy, problems: list[Problem]) -> None:
    if not problems:
        return
    first = problems[0]
    text = "; ".join(problem.text for problem in problems)
    if all(problem.policy for problem in problems):
        members: dict[str, Any] = {}
        for problem in problems:
            members |= problem.policy
        text = f"{text}; {remedy_text(policy, **members)}"
    refuse(first.kind, text, *first.missing)


class _DocumentCheck:
    """The check of one document against one policy; the contract fixes the order of the checks."""

    def __init__(self, address: str, policy: DiscoveryPolicy, document: Mapping[str, Any]) -> None:
        self.address = address
        self.policy = policy
        self.document = document

    def problems(self) -> Iterator[Problem]:
        """Yield each violated rule; the last one may leave nothing more to check."""
        yield from self._missing_members()
        if self.document.get("issuer") is None:
            return
        try:
            check_issuer(self.policy, self.document["issuer"])
        except Refused as error:
            yield _broken(error)
            return
        yield from self._issuer_problem()
        yield from self._unknown_types()
        if self.policy.require_key_set and self.document.get("jwks_uri") is None:
            yield Problem(
                DiscoveryErrorKind.MISSING_FIELDS,
                missing_text("jwks_uri"),
                {"require_key_set": False},
                ("jwks_uri",),
            )
        if self.policy.validate_endpoints:
            yield from self._endpoint_problems()

    def _missing_members(self) -> Iterator[Problem]:
        members = _OAUTH_MEMBERS if OAUTH_METADATA in self.address else _OPENID_MEMBERS
        required = members[:1] if self.policy.allow_missing_login_members else members
        missing = [name for name in required if self.document.get(name) is None]
        if missing:
            lifted = {} if "issuer" in missing else {"allow_missing_login_members": True}
            kind = DiscoveryErrorKind.MISSING_FIELDS
            yield Problem(kind, missing_text(*missing), lifted, tuple(missing))

    def _issuer_problem(self) -> Iterator[Problem]:
        text = issuer_problem(self.address, self.policy, self.document["issuer"])
        if text is not None:
            kind = DiscoveryErrorKind.INVALID_DOCUMENT
            yield Problem(kind, text, {"allow_issuer_mismatch": True})

    def _unknown_types(self) -> Iterator[Problem]:
        kind, lifted = DiscoveryErrorKind.INVALID_DOCUMENT, {"allow_unknown_types": True}
        for name, known in (
            ("subject_types_supported", _SUBJECT_TYPES.__contains__),
            ("response_types_supported", _is_response_type),
        ):
            values = self.document.get(name)
            if values is None or self.policy.allow_unknown_types:
                continue
            if not isinstance(values, list):
                yield Problem(kind, f"{name} is not a list", lifted)
                continue
            odd = [value for value in values if not (isinstance(value, str) and known(value))]
            if odd:
                shown = ", ".join(f"{value!r:.100}" for value in odd)
                yield Problem(kind, f"{name} contains the unknown value {shown}", lifted)

    def _endpoint_problems(self) -> Iterator[Problem]:
        elsewhere: list[SplitResult] = []
        for name in _CHECKED:
            url = self.document.get(name)
            if url is None:
                continue
            try:
                parts = endpoint_parts(name, url, self.policy)
                text = host_problem(name, parts, self.document["issuer"], self.address, self.policy)
            except Refused as error:
                yield _broken(error)._replace(policy={} if url else {"validate_endpoints": False})
                continue
            if text is not None:
                elsewhere.append(parts)
                bases = further_hosts(self.policy, elsewhere)
                kind = DiscoveryErrorKind.INVALID_DOCUMENT
                yield Problem(kind, text, {"additional_endpoint_base_addresses": bases})


def _broken(error: Refused) -> Problem:
    assert isinstance(error.kind, DiscoveryErrorKind)
    return Problem(error.kind, str(error), {}, error.missing)


def _is_response_type(value: str) -> bool:
    words = value.split()
    return value == "none" or (bool(words) and _RESPONSE_TYPE_WORDS.issuperset(words))


DOCUMENT_IN_FULL = DISCOVERY_DOCUMENT._replace(parse=parse)
