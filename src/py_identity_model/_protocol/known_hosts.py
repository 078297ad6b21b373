"""Issuers of large providers: their other hosts, and their second names.

The strict check of endpoints needs it: it refuses a document whose endpoints are on other hosts
than the issuer.  An issuer that many tenants share while each has its own keys (Oracle's
``identity.oraclecloud.com``) is left out on purpose: its name would vouch for every tenant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

_PLACE = re.compile(r"\{(\w+)\}")
_VALUES = {
    "tenantid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "segment": r"[A-Za-z0-9][A-Za-z0-9._-]*",
    "label": r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
}


@dataclass(frozen=True)
class KnownIssuer:
    """What is known of one issuer: further ``hosts``, and ``other_issuers``, its second names.

    A host that begins with ``*.`` matches one more label.  ``bound_claim`` is the claim that
    must equal the ``{tenantid}`` of an issuer that a document names as a template.
    """

    issuer: str
    hosts: tuple[str, ...] = ()
    other_issuers: tuple[str, ...] = ()
    bound_claim: str | None = None
    places: Mapping[str, str] = field(default_factory=dict, repr=False)

    def has_host(self, host: str) -> bool:
        """Return whether an endpoint of this issuer may be on ``host``."""
        return any(_fits(host.lower().rstrip("."), known) for known in self.hosts)


_KNOWN = (
    KnownIssuer(
        "https://accounts.google.com",
        ("oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com"),
        ("accounts.google.com",),
    ),
    KnownIssuer("https://securetoken.google.com/{segment}", ("www.googleapis.com",)),
    KnownIssuer(
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        ("graph.microsoft.com",),
        bound_claim="tid",
    ),
    KnownIssuer("https://sts.windows.net/{tenantid}/", ("login.microsoftonline.com",)),
    KnownIssuer("https://{tenantid}.ciamlogin.com/{tenantid}/v2.0", ("*.ciamlogin.com",)),
    KnownIssuer(
        "https://cognito-idp.{label}.amazonaws.com/{segment}", ("*.auth.{label}.amazoncognito.com",)
    ),
    KnownIssuer("https://www.facebook.com", ("facebook.com",)),
    KnownIssuer(
        "https://www.linkedin.com/oauth", ("api.linkedin.com",), ("https://www.linkedin.com",)
    ),
    KnownIssuer("https://www.linkedin.com", ("www.linkedin.com", "api.linkedin.com")),
)


def known_issuer(issuer: str) -> KnownIssuer | None:
    """Return what is known of ``issuer``, which may be a template that a document names."""
    for entry, pattern in _patterns():
        if issuer == entry.issuer:
            return entry
        found = pattern.fullmatch(issuer)
        if found is not None:
            places = found.groupdict()
            hosts = tuple(_filled(host, places) for host in entry.hosts)
            return KnownIssuer(issuer, hosts, entry.other_issuers, entry.bound_claim, places)
    return None


@cache
def _patterns() -> tuple[tuple[KnownIssuer, re.Pattern[str]], ...]:
    return tuple((entry, re.compile("".join(_parts(entry.issuer)))) for entry in _KNOWN)


def _parts(template: str) -> Iterator[str]:
    seen: set[str] = set()
    for number, part in enumerate(_PLACE.split(template)):
        if number % 2 == 0:
            yield re.escape(part)
        elif part in seen:  # the same value again, not another one
            yield f"(?P={part})"
        else:
            seen.add(part)
            yield f"(?P<{part}>{_VALUES[part]})"


def _filled(host: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: places[place[1]], host)


def _fits(host: str, known: str) -> bool:
    if not known.startswith("*."):
        return host == known
    label, _, rest = host.partition(".")
    return rest == known[2:] and re.fullmatch(_VALUES["label"], label) is not None
