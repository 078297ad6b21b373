"""Issuers of large providers: their additional hosts, and issuer templates.

The strict check of endpoints needs this table: it refuses a document whose endpoints are on other
hosts than the issuer, and issuer templates that are not listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from .._jose.claims import IssuerFamily

_PLACE = re.compile(r"\{(\w+)\}")
_VALUES = {
    "tenantid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "segment": r"[A-Za-z0-9][A-Za-z0-9._-]*",
    "label": r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
}


@dataclass(frozen=True)
class KnownIssuer:
    """The additional ``hosts`` of one issuer, and whether it is a template.

    A host that begins with ``*.`` matches one more label.  ``bound_claim`` names the claim that
    must equal the ``{tenantid}`` of a template.
    """

    issuer: str
    hosts: tuple[str, ...] = ()
    bound_claim: str | None = None
    places: Mapping[str, str] = field(default_factory=dict, repr=False)

    def has_host(self, host: str) -> bool:
        """Return whether an endpoint of this issuer may be on ``host``."""
        return any(_fits(host.lower().rstrip("."), known) for known in self.hosts)

    def has_own_host(self, host: str) -> bool:
        """Return whether ``host`` is the issuer's own, or one of its additional hosts."""
        return host == urlsplit(self.issuer).hostname or self.has_host(host)

    def covers(self, issuer: str) -> bool:
        """Return whether ``issuer`` is an instance of this template, with any tenant's name.

        Documents for several tenants use words in its place (``common``, ``organizations``).
        """
        before, _, after = _PLACE.split(self.issuer)
        pattern = f"{re.escape(before)}{_VALUES['segment']}{re.escape(after.rstrip('/'))}/?"
        return re.fullmatch(pattern, issuer) is not None

    def family(self) -> IssuerFamily:
        """Return the issuers that the tokens of this template may name."""
        assert self.bound_claim is not None
        return IssuerFamily(self.issuer, _VALUES["tenantid"], self.bound_claim)


_KNOWN = (
    KnownIssuer(
        "https://accounts.google.com",
        ("oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com"),
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
    KnownIssuer("https://www.linkedin.com/oauth", ("api.linkedin.com",)),
    KnownIssuer("https://www.linkedin.com", ("www.linkedin.com", "api.linkedin.com")),
)


def known_issuer(issuer: str) -> KnownIssuer | None:
    """Return the entry for ``issuer``, which may be a template that a document names, or None."""
    for entry, pattern in _patterns():
        if issuer == entry.issuer:
            return entry
        found = pattern.fullmatch(issuer)
        if found is not None:
            places = found.groupdict()
            hosts = tuple(_filled(host, places) for host in entry.hosts)
            return KnownIssuer(issuer, hosts, entry.bound_claim, places)
    return None


def known_template(issuer: str) -> KnownIssuer | None:
    """Return the entry of a template that binds its placeholder to a claim; None for others."""
    bound = (entry for entry in _KNOWN if entry.bound_claim is not None)
    return next((entry for entry in bound if entry.issuer == issuer), None)


def template_for(issuer: str) -> KnownIssuer | None:
    """Return the template whose documents are served below ``issuer`` (``…/common/v2.0``)."""
    bound = (entry for entry in _KNOWN if entry.bound_claim is not None)
    return next((entry for entry in bound if entry.covers(issuer)), None)


@cache
def _patterns() -> tuple[tuple[KnownIssuer, re.Pattern[str]], ...]:
    return tuple((entry, re.compile("".join(_parts(entry.issuer)))) for entry in _KNOWN)


def _parts(template: str) -> Iterator[str]:
    seen: set[str] = set()
    for number, part in enumerate(_PLACE.split(template)):
        if number % 2 == 0:
            yield re.escape(part)
        elif part in seen:  # a repeated placeholder has the same value each time
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
