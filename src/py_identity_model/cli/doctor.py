"""``doctor``: what is wrong with this machine, for a report that holds no secrets."""

from __future__ import annotations

import os
import platform
import re
import ssl
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

from .. import HTTPClient, __version__, _settings
from ..exceptions import InvalidArgumentError
from ..providers import Provider
from . import inputs
from .output import Output
from .reach import reach, without_credentials
from .report import Check, Report, failed, ok, warning

_DISTRIBUTION = "py-identity-model"
_CA_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_EXTRAS = ("authlib", "httpx2", "redis", "typer", "rich", "keyring")
_IMPORTS = ("py_identity_model", "jwt", "jose", "authlib", "httpx", "joserfc")
"""Import names that several distributions are known to fight for."""
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:>=\s*([0-9.]+))?")


def examine(issuer: str | Provider | None = None, http_client: HTTPClient | None = None) -> Report:
    """Return a check of everything on this machine that this package depends on.

    With an ``issuer``, of the way to it as well.  Nothing of it is secret: credentials are taken
    out of addresses, and no other variables are read than those that are listed.

    Example::

        print(examine().verdict)
    """
    checks = [*_interpreter(), *_dependencies(), *_environment(), *_authorities()]
    if issuer is not None and http_client is not None:
        checks += reach(issuer, http_client)
    elif issuer is not None:
        with HTTPClient(timeout=10) as own:
            checks += reach(issuer, own)
    bad = sum(check.failed for check in checks)
    verdict = f"{bad} {'check' if bad == 1 else 'checks'} failed" if bad else "nothing is wrong"
    return Report(f"py-identity-model {__version__}", verdict, checks, {"version": __version__})


def _interpreter() -> Iterator[Check]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield ok("python", f"{python} on {system}", "3.11 or newer")
    yield ok("OpenSSL", ssl.OPENSSL_VERSION)
    yield _installed()


def _installed() -> Check:
    place = Path(__file__).parents[1]
    found = f"{__version__} in {place}"
    try:
        listed = version(_DISTRIBUTION)
    except PackageNotFoundError:
        return warning("package", f"{found}, not installed", "", "fit for a checkout alone")
    if listed != __version__:
        remedy = "uninstall what else has the import name py_identity_model, and install again"
        return failed("package", f"{found}; installed is {listed}", "one version", remedy)
    return ok("package", found)


def _dependencies() -> Iterator[Check]:
    for name, lowest in _wanted():
        yield _dependency(name, lowest)
    for name in _EXTRAS:
        try:
            yield ok(name, f"{version(name)} (an extra)")
        except PackageNotFoundError:
            continue
    owners = packages_distributions()
    for name in _IMPORTS:
        several = sorted(set(owners.get(name, ())))
        if len(several) > 1:
            remedy = f"uninstall all of them, then install the one that you want: {several}"
            yield failed(f"import {name}", " and ".join(several), "one distribution", remedy)


def _wanted() -> Iterator[tuple[str, str]]:
    try:
        lines = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        lines = ["anyio", "cryptography", "httpx", "joserfc", "sniffio"]
    for line in lines:
        match = _REQUIREMENT.match(line)
        if match is not None and "extra ==" not in line:
            yield match[1], match[2] or ""


def _dependency(name: str, lowest: str) -> Check:
    expected = f">= {lowest}" if lowest else ""
    try:
        found = version(name)
    except PackageNotFoundError:
        return failed(name, "not installed", expected, "install py-identity-model by pip or uv")
    if lowest and _numbers(found) < _numbers(lowest):
        return failed(name, found, expected, f"pip install '{name}>={lowest}'")
    return ok(name, found, expected)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text.partition("+")[0])[:3]))


def _environment() -> Iterator[Check]:
    known = [one for one in vars(_settings).values() if isinstance(one, _settings.Setting)]
    variables = {name: setting for setting in known for name in setting.names}
    given = [name for name in variables if name in os.environ]
    if not given:
        yield ok("settings", "no variable is set: the defaults are used")
    for name in given:
        yield _variable(variables[name], name, os.environ[name])
    for name in _PROXIES:
        value = os.environ.get(name) or os.environ.get(name.lower())
        if value:
            shown = value if name == "NO_PROXY" else without_credentials(value)
            yield ok(name, shown)


def _variable(setting: _settings.Setting, name: str, text: str) -> Check:
    remedy = f"unset it, or make it a number of at least {setting.lowest:g}"
    try:
        used = setting._parse(name, text)
    except InvalidArgumentError:
        return failed(name, repr(text[:40]), "a number", remedy)
    if text.strip() != f"{used:g}" and not _equal(text, used):
        return warning(name, f"{text[:40]!r}: {used:g} is used", "", remedy)
    return ok(name, f"{used:g}")


def _equal(text: str, used: float) -> bool:
    try:
        return float(text) == used
    except ValueError:
        return False


def _authorities() -> Iterator[Check]:
    named = {name: path for name in _CA_VARIABLES if (path := os.environ.get(name))}
    if len(set(named.values())) > 1:
        first, *rest = named
        remedy = "set one of them, or all to the same file"
        yield warning("authorities", f"{first} wins over {', '.join(rest)}", "one file", remedy)
    place = next(iter(named.values()), None)
    if place is None:
        yield _bundled()
        return
    yield _bundle(next(iter(named)), Path(place))


def _bundled() -> Check:
    folder = os.environ.get("SSL_CERT_DIR")
    if folder:
        return ok("authorities", f"those in {folder} (SSL_CERT_DIR)")
    try:
        return ok("authorities", f"those of certifi {version('certifi')}")
    except PackageNotFoundError:
        return ok("authorities", "those of httpx")


def _bundle(name: str, place: Path) -> Check:
    remedy = f"correct {name}: a PEM file, or a folder made by `openssl rehash`"
    if place.is_dir():
        return ok("authorities", f"those in {place} ({name})")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(place)
    except (OSError, ssl.SSLError) as error:
        return failed("authorities", f"{place}: {error}", "certificates in PEM", remedy)
    count = context.cert_store_stats()["x509_ca"]
    return ok("authorities", f"{count} in {place} ({name})")


def command(
    issuer: inputs.Issuer = None, preset: inputs.Preset = None, as_json: inputs.Json = False
) -> None:
    """Look for what is wrong here: versions, settings, TLS, and the way to a provider.

    The report holds no secrets: put it into an issue.
    """
    with Output(as_json) as out:
        target = inputs.trusted(issuer, preset) if issuer or preset else None
        with out.waiting("looking"):
            report = examine(target)
        out.show(report)
