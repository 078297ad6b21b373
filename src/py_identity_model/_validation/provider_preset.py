"""Presets of providers, as data: how to find them, validate their tokens, and log in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self

from .._wire.arguments import check_address, check_kind, check_switches
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.urls import discovery_address, implied_issuer, split_url
from ..exceptions import ConfigurationException, InvalidArgumentError

_PLACE = re.compile(r"\{(\w+)\}")
_PROFILES = frozenset({"access-token", "rfc9068"})
_COLLECTIONS = (
    *("other_issuers", "allowed_values", "hosts", "client_ids", "audience", "algorithms"),
)
_MAPPINGS = ("metadata", "required_header", "extra_authorization_parameters")


@dataclass(frozen=True)
class Note:
    """A reason for a value of a preset, and its ``source`` (a URL)."""

    text: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A preset of a provider; the functions of ``py_identity_model.providers`` return them.

    How to find it:

    :param name: a display name
    :param issuer: the ``iss`` of its tokens, or a template with one placeholder in braces; None
        where tokens name another provider
    :param other_issuers: further spellings of the same issuer
    :param bound_claim: the claim that must equal the value of the placeholder
    :param allowed_values: the values that it may have
    :param discovery_address: the address of its document, if not below the issuer
    :param hosts: further hosts of its endpoints
    :param internal_url: the URL at which this program reaches it, if that is not its public name
    :param jwks_uri: its keys, if there is no document
    :param metadata: its metadata, if there is no document, or what the document lacks
    :param ca_file: certificate authorities for the host of ``jwks_uri``, and for no other; an HTTP
        client of your own has its own authorities
    :param token_file: a bearer token for the same host

    How to validate its tokens:

    :param client_ids: the clients whose tokens are accepted where tokens have no ``aud``
    :param audience: the ``aud`` of its tokens, where the provider decides it
    :param access_tokens_are_id_tokens: access tokens for APIs have the marks of an ID token
    :param profile: the verifier's, if not the default
    :param algorithms: those that its documentation names
    :param required_claims: claims, and the values one of which each must have
    :param roles_claim: where roles are; a tuple is a path
    :param scope_claim: where scopes are; a tuple is a path
    :param key_url_template: the address of one key
    :param key_id_pattern: the form of the ``kid`` in that address
    :param required_header: members of the header, and their values
    :param allow_padded_base64url: the segments of tokens may end with ``=``

    A verifier takes a provider without ``client_ids`` and ``audience`` only along with an audience
    of its own, unless it has a ``key_url_template``: then ``required_header`` says for whom tokens
    are.

    How to log in:

    :param openid: logins return an ID token
    :param nonce: it supports a ``nonce``
    :param pkce: it supports PKCE
    :param required_id_token_claims: like ``required_claims``, for the ID token
    :param token_type: the type of a token response that does not name one
    :param client_authentication: the required method (its registered name)
    :param extra_authorization_parameters: sent with authorization requests
    :param response_mode: of authorization requests
    :param notes: the reasons, each with its source

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the parameter.

    Example::

        Provider(name="ours", issuer="https://op.example", roles_claim="groups")
    """

    name: str
    issuer: str | None
    other_issuers: Collection[str] = ()
    bound_claim: str | None = None
    allowed_values: Collection[str] | None = None
    discovery_address: str | None = None
    hosts: Collection[str] = ()
    internal_url: str | None = None
    jwks_uri: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ca_file: str | None = None
    token_file: str | None = None
    client_ids: Collection[str] | None = None
    audience: Collection[str] | None = None
    access_tokens_are_id_tokens: bool = False
    profile: str | None = None
    algorithms: Collection[str] | None = None
    required_claims: Mapping[str, Collection[str]] = field(default_factory=dict)
    roles_claim: str | Collection[str] | None = None
    scope_claim: str | None = None
    key_url_template: str | None = None
    key_id_pattern: str | None = None
    required_header: Mapping[str, str] = field(default_factory=dict)
    allow_padded_base64url: bool = False
    openid: bool = True
    nonce: bool = True
    pkce: bool = True
    required_id_token_claims: Mapping[str, Collection[str]] = field(default_factory=dict)
    token_type: str = "Bearer"
    client_authentication: str | None = None
    extra_authorization_parameters: Mapping[str, str] = field(default_factory=dict)
    response_mode: str | None = None
    notes: Collection[Note] = ()

    def __post_init__(self) -> None:
        for name in _COLLECTIONS:
            self._set(name, _texts(name, getattr(self, name)))
        for name in _MAPPINGS:
            self._set(name, dict(_mapping(name, getattr(self, name))))
        for name in ("required_claims", "required_id_token_claims"):
            wanted = _mapping(name, getattr(self, name))
            self._set(name, {claim: _values(claim, wanted[claim]) for claim in wanted})
        if not (self.roles_claim is None or isinstance(self.roles_claim, str)):
            self._set("roles_claim", _texts("roles_claim", self.roles_claim))
        self._set("notes", tuple(self.notes))
        self._check()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidArgumentError("name must be a non-empty string")
        texts = [each.name for each in fields(self) if each.type in ("str", "str | None")]
        for name in texts:
            check_kind(name, getattr(self, name), str)
        switches = [each.name for each in fields(self) if isinstance(each.default, bool)]
        check_switches(**{name: getattr(self, name) for name in switches})
        places = _PLACE.findall(self.issuer or "")
        if len(places) > 1 or bool(places) is not bool(self.bound_claim):
            raise InvalidArgumentError("issuer: a template needs one placeholder and a bound_claim")
        for name in ("discovery_address", "internal_url", "jwks_uri"):
            if (url := getattr(self, name)) is not None:
                _url(name, url)
        if self.profile not in {None, *_PROFILES}:
            raise InvalidArgumentError(f"profile must be one of {', '.join(sorted(_PROFILES))}")
        if self.key_url_template is not None:
            _url("key_url_template", self.key_url_template.replace("{kid}", "kid"))
            if not self.key_url_template.endswith("/{kid}") or not self.key_id_pattern:
                raise InvalidArgumentError(
                    "key_url_template must end with /{kid}, and needs a key_id_pattern"
                )
            if not self.required_header:
                raise InvalidArgumentError(
                    "key_url_template needs a required_header that identifies you: its keys also "
                    "sign for others"
                )
        self._check_patterns()
        self._check_files()
        if not all(isinstance(note, Note) for note in self.notes):
            raise InvalidArgumentError("notes must be Note objects")

    def _check_patterns(self) -> None:
        try:
            re.compile(self.key_id_pattern or "")
        except (re.error, TypeError):
            raise InvalidArgumentError("key_id_pattern must be a regular expression") from None
        for name, value in self.required_header.items():
            if not isinstance(value, str) or not value:
                raise InvalidArgumentError(f"required_header: {name} must be a non-empty string")

    def _check_files(self) -> None:
        for name in ("ca_file", "token_file"):
            path = getattr(self, name)
            if path is None:
                continue
            if not isinstance(path, str) or not path:
                raise InvalidArgumentError(f"{name} must be the path of a file")
            if self.jwks_uri is None:
                raise InvalidArgumentError(f"{name} is for the host of jwks_uri, which is missing")
            check_address("jwks_uri", self.jwks_uri, require_https=True)

    def is_issuer_of(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the ``iss`` in a token's claims is a spelling of this provider's issuer.

        Example::

            Provider(name="ours", issuer="https://op.example").is_issuer_of({"iss": "?"})
        """
        iss = claims.get("iss")
        if iss == self.issuer or iss in self.other_issuers:
            return isinstance(iss, str) and self.bound_claim is None
        if self.bound_claim is None or self.issuer is None or not isinstance(iss, str):
            return False
        before, _, after = _PLACE.split(self.issuer)
        value = claims.get(self.bound_claim)
        allowed = self.allowed_values is None or value in self.allowed_values
        plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value)
        return bool(plain) and allowed and iss == f"{before}{value}{after}"

    @property
    def document_address(self) -> str | None:
        """The address of its document; None if there is none."""
        if self.discovery_address is not None:
            return self.discovery_address
        without = self.jwks_uri or self.key_url_template or self.metadata.get("issuer")
        return None if without or self.issuer is None else discovery_address(self.issuer)

    @property
    def document_issuers(self) -> tuple[str, ...]:
        """The issuers that its document may name: any of its names, in any spelling.

        A document at another address may name the public issuer, as Keycloak's does behind a second
        name.
        """
        names = [self.issuer or "", *self.other_issuers]
        if self.discovery_address is not None:
            names.append(implied_issuer(self.discovery_address))
        return tuple(dict.fromkeys(names))

    @property
    def discovery_policy(self) -> DiscoveryPolicy:
        """The strict rules, with the hosts of this provider; for :func:`get_discovery_document`."""
        own = self.issuer or ""
        address = self.document_address or self.jwks_uri or ""
        plain = any(url.startswith("http://") for url in (own, address))
        bases = [f"https://{host}" for host in self.hosts]
        if self.discovery_address is not None and own:
            # A document at a second name may point to the public one.
            bases.append("/".join(own.split("/", 3)[:3]))
        return DiscoveryPolicy(
            require_https=not plain,
            require_key_set=self.openid,
            additional_endpoint_base_addresses=bases,
            allow_issuer_mismatch=self.discovery_address is not None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the members that differ from the defaults, as JSON values.

        Example::

            Provider(name="ours", issuer="https://op.example").to_dict()
        """
        return {
            each.name: _plain(getattr(self, each.name))
            for each in fields(self)
            if each.default is MISSING or getattr(self, each.name) != each.default
            if each.default_factory is MISSING or getattr(self, each.name)
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the provider from the result of :meth:`to_dict`, or from one written by hand.

        Raises :class:`InvalidArgumentError` (a ``ValueError``) for a member that is unknown,
        missing, or of the wrong type.

        Example::

            Provider.from_dict({"name": "ours", "issuer": "https://op.example"})
        """
        members = dict(_mapping("values", values))
        known = {each.name for each in fields(cls)}
        if unknown := sorted(str(name) for name in members.keys() - known):
            raise InvalidArgumentError(f"unknown members: {', '.join(unknown)}")
        if missing := {"name", "issuer"} - members.keys():
            raise InvalidArgumentError(f"missing members: {', '.join(sorted(missing))}")
        try:
            notes = tuple(Note(**note) for note in members.pop("notes", ()))
        except TypeError:
            raise InvalidArgumentError("notes must have the members text and source") from None
        return cls(**members, notes=notes)

    def __hash__(self) -> int:
        return hash((self.name, self.issuer))


def _plain(value: Any) -> Any:
    if isinstance(value, Note):
        return {"text": value.text, "source": value.source}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value


def _texts(name: str, values: Collection[str] | None) -> tuple[str, ...] | None:
    return None if values is None else _values(name, values, empty=True)


def _values(name: str, values: object, *, empty: bool = False) -> tuple[str, ...]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Collection):
        raise InvalidArgumentError(f"{name} must be a collection of strings")
    ordered = values if isinstance(values, (list, tuple)) else sorted(values, key=str)
    if not all(isinstance(each, str) and each for each in ordered) or not (ordered or empty):
        raise InvalidArgumentError(f"{name} must be a collection of non-empty strings")
    return tuple(ordered)


def _mapping(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value):
        raise InvalidArgumentError(f"{name} must map names to values")
    return value


def _url(name: str, url: object) -> None:
    try:
        parts = split_url(url)
    except ConfigurationException as error:
        raise InvalidArgumentError(f"{name}: {error}") from None
    if parts.username is not None or parts.fragment or parts.query:
        raise InvalidArgumentError(f"{name} must have no credentials, query or fragment")
