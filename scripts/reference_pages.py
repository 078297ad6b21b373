"""The pages of the reference, one for each capability, as Sphinx reads them.

``docs/conf.py`` writes them before each build; with --check, say which public names none has.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType

import django
from django.conf import settings

import py_identity_model
from py_identity_model import aio, web

# Titles of pages, and the modules of which they have the public names.  Other modules get a page of
# their own.
CAPABILITIES = {
    "Access tokens of an API": (
        "access_token_verifier verified_access_token trusted_issuer access_token"
    ),
    "Introspection": "token_introspector introspection",
    "Challenges and metadata of an API": "www_authenticate protected_resource",
    "Validation by functions": (
        "token_validation config claims_validators id_token strict jwk jwk_names decrypter "
        "token_cache"
    ),
    "Clients": "oauth_client client_metadata client_metadata_fields registration",
    "Logins": (
        "login authorization authorization_code callback pkce browser_requests loopback "
        "userinfo claim_sources"
    ),
    "Sessions and their stores": (
        "session session_store session_record redis_session_store sql_session_store"
    ),
    "Logout": "logout session_management",
    "Signed and pushed requests, signed answers": "par jar request_object jarm",
    "Devices and other channels": "device ciba ciba_request",
    "Tokens for programs": (
        "client_credentials token_source token_auth token_headers refresh_grant grants "
        "token_exchange token_endpoint revocation"
    ),
    "Workload identity": "workload federated platform_tokens identity_chaining",
    "Stores of tokens": (
        "token_store file_store redis_store sql_token_store stored_token stores keyring"
    ),
    "Client authentication": "client_authentication assertion certificate mtls signer",
    "DPoP": (
        "dpop dpop_proof dpop_verification dpop_nonces nonces dpop_server_nonces replay "
        "redis_replay"
    ),
    "Security events": "security_events",
    "Discovery and keys": (
        "discovery discovery_policy jwks provider_document signed_metadata webfinger urls"
    ),
    "Caches, probes and events": (
        "provider_cache probes health events activity_events activity_hook"
    ),
    "HTTP and settings": "http settings messages models",
    "FAPI 2.0": "fapi",
    "MCP": "mcp",
    "Constants": "constants",
}
# Pages of whole modules, each with a section for each of them.
MODULES = {
    "Exceptions": "exceptions",
    "Provider presets": "providers",
    "Web frameworks": (
        "integrations.fastapi integrations.starlette integrations.flask integrations.django "
        "integrations.drf integrations.asgi"
    ),
    "Adapters for other frameworks": "web aio.web",
    "Tokens on requests of other HTTP clients": (
        "integrations.requests integrations.aiohttp integrations.grpc"
    ),
    "Test kit": "testing",
    "MCP servers": "mcp_server",
    "Telemetry": "telemetry",
    "Other modules": (
        "http_client identity jwt_claim_types oidc_constants logging_config ssl_config"
    ),
}
# What settings of Django name, and programs seldom import.
NAMED_BY_SETTINGS = {
    "integrations.django": (
        "middleware.OIDCMiddleware",
        "backends.OIDCBackend",
        "stores.DjangoSessionStore",
        "models.Identity",
    )
}
LIKE_NAMES = ("oidc_constants", "jwt_claim_types")  # spelled like classes of requests and answers
ROOT = py_identity_model.__name__
PACKAGES = (("Blocking", py_identity_model), ("Awaitable", aio))


def pages() -> Mapping[str, str]:
    """Return each page by its title: capabilities, then modules."""
    shown = _capabilities()
    order = [title for title in CAPABILITIES if title in shown]
    order += sorted(shown.keys() - CAPABILITIES)
    found = {title: "\n".join(_page(title, shown[title])) for title in order}
    return found | {title: "\n".join(_whole_modules(title)) for title in MODULES}


def _page(title: str, sections: Mapping[str, list[str]]) -> Iterator[str]:
    yield f"# {title}\n"
    for section in ("Blocking", "Awaitable", "Both APIs"):
        if section in sections:
            yield f"## {section}\n"
            yield from sections[section]


def _capabilities() -> dict[str, dict[str, list[str]]]:
    """Return what describes the names of both packages, by titles of pages and sections."""
    known = {stem: title for title, stems in CAPABILITIES.items() for stem in stems.split()}
    elsewhere = _whole()
    found: dict[str, dict[str, list[str]]] = {}
    for section, package in PACKAGES:
        for name in sorted(package.__all__):
            thing = getattr(package, name)
            module = getattr(thing, "__module__", None) or "constants"
            shared = getattr(py_identity_model, name, None) is getattr(aio, name, None)
            if module in elsewhere or (shared and package is aio):
                continue
            stem = module.rpartition(".")[2].strip("_")
            title = known.get(stem, stem.replace("_", " ").capitalize())
            sections = found.setdefault(title, {})
            sections.setdefault("Both APIs" if shared else section, []).append(
                _directive(package, name)
            )
    return found


def _whole_modules(title: str) -> Iterator[str]:
    yield f"# {title}\n"
    for stem in MODULES[title].split():
        module = importlib.import_module(f"{ROOT}.{stem}")
        yield f"## {module.__name__}\n"
        yield f"```{{eval-rst}}\n.. automodule:: {module.__name__}\n   :no-members:\n```\n"
        for name in module.__all__:
            if not _is_on_another_page(module, name):
                yield _directive(module, name, indexed=stem not in LIKE_NAMES)
        for path in NAMED_BY_SETTINGS.get(stem, ()):
            inner, _, name = path.rpartition(".")
            yield _directive(importlib.import_module(f"{module.__name__}.{inner}"), name)


def _is_on_another_page(module: ModuleType, name: str) -> bool:
    """Return whether what adapters share is described where it is more at home."""
    thing = getattr(module, name)
    if getattr(thing, "__module__", None) in _whole():
        return False
    homes = [home for home in (py_identity_model, web) if home is not module]
    return any(getattr(home, name, None) is thing for home in homes)


def _whole() -> set[str]:
    """Return the modules that have a section of their own."""
    return {f"{ROOT}.{name}" for names in MODULES.values() for name in names.split()}


def _directive(module: ModuleType, name: str, *, indexed: bool = True) -> str:
    """Return what has autodoc describe one name."""
    thing = getattr(module, name)
    kind = "autodata"
    if inspect.isclass(thing):
        kind = "autoexception" if issubclass(thing, BaseException) else "autoclass"
    elif inspect.isroutine(thing):
        kind = "autofunction"
    option = "\n   :no-value:" if kind == "autodata" else ""
    option += "" if indexed else "\n   :no-index:"
    return f"```{{eval-rst}}\n.. {kind}:: {module.__name__}.{name}{option}\n```\n"


def configure_django() -> None:
    """Give Django what its adapters need to be imported."""
    apps = ("contenttypes", "auth", "sessions")
    settings.configure(
        INSTALLED_APPS=[
            *(f"django.contrib.{app}" for app in apps),
            f"{ROOT}.integrations.django",
        ]
    )
    django.setup()


def public_names() -> Iterator[tuple[str, object]]:
    """Yield the name and value of everything in ``__all__`` of public modules."""
    for package in (py_identity_model, aio):
        for name in package.__all__:
            yield f"{package.__name__}.{name}", getattr(package, name)
    for found in pkgutil.walk_packages(py_identity_model.__path__, f"{ROOT}."):
        path = found.name.split(".")[1:]
        if path[0] == "sync" or any(part.startswith("_") for part in path):
            continue
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            yield f"{found.name}.{name}", getattr(module, name)


def undocumented() -> list[str]:
    """Return the public names that no page describes, be it by another name."""
    described = re.findall(r"\.\. auto(?!module)\w+:: (\S+)", "\n".join(pages().values()))
    known = [_resolve(name) for name in described]
    return [
        name
        for name, thing in public_names()
        if name not in described and not any(thing is one for one in known)
    ]


def _resolve(name: str) -> object:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def main() -> int:
    configure_django()
    missing = undocumented()
    for name in missing:
        print(f"{name} has no page: name its module in scripts/reference_pages.py")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
