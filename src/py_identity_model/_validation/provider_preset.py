"""What is known of a provider, as data: how to find it, to judge its tokens, to log in with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self

from .._wire.arguments import check_address
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
    """A reason for what a preset says, and the ``source`` (a URL) that it was read in."""

    text: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What is known of a provider; the functions of ``py_identity_model.providers`` return some.

    How to find it:

    ``name``: what to call it.
    ``issuer``: the ``iss`` of its tokens, or a template with one place in braces; None where
    tokens carry that of another provider.
    ``other_issuers``: further spellings of the same issuer.
    ``bound_claim``: the claim that must equal the value in that place.
    ``allowed_values``: the values that it may have.
    ``discovery_address``: where its document is, if not below the issuer.
    ``hosts``: further hosts that its endpoints are on.
    ``internal_url``: under which this program reaches it, if that is not its public name.
    ``jwks_uri``: its keys, if there is no document.
    ``metadata``: its metadata, if there is no document, or what the document lacks.
    ``ca_file``, ``token_file``: certificate authorities and bearer token for the host of its
    ``jwks_uri``, and for no other; an HTTP client of your own has its own authorities.

    How to judge its tokens:

    ``client_ids``: the clients whose tokens are taken where tokens have no ``aud``.
    ``audience``: the ``aud`` of its tokens, where the provider decides it.
    ``access_tokens_are_id_tokens``: what APIs get carries the marks of an ID token.
    ``profile``: the verifier's, if not the default.
    ``algorithms``: those that its documentation names.
    ``required_claims``: claims, and the values one of which each must have.
    ``roles_claim``, ``scope_claim``: where roles and scopes are; a tuple is a path.
    ``key_url_template``, ``key_id_pattern``: the address of one key, by a ``kid`` of that form.
    ``required_header``: members of the header, and their values.
    ``allow_padded_base64url``: the parts of tokens may end with ``=``.

    A verifier takes a provider without ``client_ids`` and ``audience`` only along with an audience
    of its own, unless it has a ``key_url_template``: ``required_header`` says then for whom tokens
    are.

    How to log in:

    ``openid``: logins bring an ID token.
    ``nonce``, ``pkce``: whether it can be sent them.
    ``required_id_token_claims``: like ``required_claims``, of the ID token.
    ``token_type``: that of an answer which names none.
    ``client_authentication``: the method it wants (the registered name).
    ``extra_authorization_parameters``, ``response_mode``: of authorization requests.

    ``notes``: the reasons, each with its source.

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
            raise InvalidArgumentError("name must be text, and not be empty")
        places = _PLACE.findall(self.issuer or "")
        if len(places) > 1 or bool(places) is not bool(self.bound_claim):
            raise InvalidArgumentError("issuer: a template has one place, and a bound_claim")
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
                    "key_url_template needs a required_header that names you: its keys sign for "
                    "strangers as well"
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
                raise InvalidArgumentError(f"required_header: {name} must be text, and not empty")

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
        """Return whether the ``iss`` of a token's claims is this provider's, by any spelling.

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
        """Where the document is; None if there is none."""
        if self.discovery_address is not None:
            return self.discovery_address
        without = self.jwks_uri or self.key_url_template or self.metadata.get("issuer")
        return None if without or self.issuer is None else discovery_address(self.issuer)

    @property
    def document_issuers(self) -> tuple[str, ...]:
        """What its document may say that its issuer is: any of its names, by any spelling.

        A document at another address may name that one, as Keycloak's does behind a second name.
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
        """Return what differs from the defaults, fit for JSON.

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
        """Return the provider that :meth:`to_dict` wrote, or that was written by hand.

        Raises :class:`InvalidArgumentError` (a ``ValueError``) for a member that is unknown,
        missing, or of the wrong kind.

        Example::

            Provider.from_dict({"name": "ours", "issuer": "https://op.example"})
        """
        members = dict(_mapping("values", values))
        known = {each.name for each in fields(cls)}
        if unknown := sorted(str(name) for name in members.keys() - known):
            raise InvalidArgumentError(f"unknown members: {', '.join(unknown)}")
        if missing := {"name", "issuer"} - members.keys():
            raise InvalidArgumentError(f"missing members: {', '.join(sorted(missing))}")
        for name in [each.name for each in fields(cls) if isinstance(each.default, bool)]:
            if not isinstance(members.get(name, True), bool):
                raise InvalidArgumentError(f"{name} must be true or false")
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
        raise InvalidArgumentError(f"{name} must be a collection of texts")
    ordered = values if isinstance(values, (list, tuple)) else sorted(values, key=str)
    if not all(isinstance(each, str) and each for each in ordered) or not (ordered or empty):
        raise InvalidArgumentError(f"{name} must be a collection of texts, none of them empty")
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
