"""How Sphinx builds these pages: ``nox -s docs``."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import py_identity_model
from py_identity_model import (
    aio,
    exceptions,
    http_client,
    identity,
    logging_config,
    providers,
    ssl_config,
    telemetry,
    testing,
    web,
)

HERE = Path(__file__).parent

project = "py-identity-model"
author = "the authors of py-identity-model"
release = version = py_identity_model.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["programs"]
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline"]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "inherited-members": False}

_FIELD = re.compile(r"^(\w+):")
OTHERS = (
    exceptions,
    providers,
    testing,
    web,
    http_client,
    identity,
    logging_config,
    ssl_config,
    telemetry,
)


# The pages of the reference: their titles, and the modules of which they have the public names.
# Other modules get a page of their own.
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
        "client_credentials token_source token_auth refresh_grant grants token_exchange "
        "token_endpoint revocation"
    ),
    "Stores of tokens": "token_store file_store redis_store stored_token stores keyring",
    "Client authentication": "client_authentication assertion certificate mtls signer",
    "DPoP": "dpop dpop_proof dpop_verification dpop_nonces dpop_server_nonces replay redis_replay",
    "Discovery and keys": (
        "discovery discovery_policy jwks provider_document signed_metadata webfinger urls"
    ),
    "Caches, probes and events": "provider_cache probes health events",
    "HTTP and settings": "http settings messages models",
    "FAPI 2.0": "fapi",
    "MCP": "mcp",
    "Constants": "constants",
}
PACKAGES = (("Blocking", py_identity_model), ("Awaitable", aio))


def titles() -> dict[str, str]:
    """Return the title of the page for the names of each module."""
    return {stem: title for title, stems in CAPABILITIES.items() for stem in stems.split()}


def capabilities() -> dict[str, dict[str, list[str]]]:
    """Return what describes the public names, by the titles of pages and of their sections."""
    known = titles()
    pages: dict[str, dict[str, list[str]]] = {}
    for section, package in PACKAGES:
        for name in sorted(package.__all__):
            thing = getattr(package, name)
            module = getattr(thing, "__module__", None) or "constants"
            shared = getattr(py_identity_model, name, None) is getattr(aio, name, None)
            if module in {one.__name__ for one in OTHERS} or (shared and package is aio):
                continue
            stem = module.rpartition(".")[2].strip("_")
            title = known.get(stem, stem.replace("_", " ").capitalize())
            sections = pages.setdefault(title, {})
            sections.setdefault("Both APIs" if shared else section, []).append(
                directive(package, name)
            )
    return pages


def parameters_as_fields(
    app: Any, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Turn what stands below ``Parameters:`` into fields: one per line, with its continuation."""
    if "Parameters:" not in lines:
        return
    begin = lines.index("Parameters:")
    end = begin + 1
    while end < len(lines) and lines[end].startswith("    "):
        end += 1
    fields = [_FIELD.sub(r":param \1:", line[4:]) for line in lines[begin + 1 : end]]
    lines[begin:end] = ["", *fields, ""]


def directive(package: ModuleType, name: str) -> str:
    """Return what has autodoc describe one name."""
    thing = getattr(package, name)
    kind = "autodata"
    if inspect.isclass(thing):
        kind = "autoexception" if issubclass(thing, BaseException) else "autoclass"
    elif inspect.isroutine(thing):
        kind = "autofunction"
    option = "\n   :no-value:" if kind == "autodata" else ""
    return f"```{{eval-rst}}\n.. {kind}:: {package.__name__}.{name}{option}\n```\n"


def others() -> Iterator[str]:
    """Yield the page of the modules that both APIs share."""
    yield "# Shared modules\n"
    for module in OTHERS:
        yield f"## {module.__name__}\n"
        for name in module.__all__:
            yield directive(module, name)


_OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+((?:tests|benchmarks|examples|[A-Z]+\.md)[^)]*)\)")


def name_files(app: Any, document: str, source: list[str]) -> None:
    """Name files of the repository instead of linking to them: they are not among these pages."""
    source[0] = _OUTSIDE.sub(r"\1 (`\2` in the repository)", source[0])


_PICTURE = re.compile(
    r'<picture>.*?<img alt="([^"]*)" src="([^"]*)-light.svg"[^>]*></picture>', re.S
)


def choose_pictures(app: Any, document: str, source: list[str]) -> None:
    """Let readers of these pages choose between light and dark, instead of their systems."""
    both = r"![\1](\2-light.svg){.only-light} ![\1](\2-dark.svg){.only-dark}"
    source[0] = _PICTURE.sub(both, source[0])


def write_pages(app: Any) -> None:
    """Write the pages of the reference, one a capability, beside the others."""
    folder = HERE / "reference"
    folder.mkdir(exist_ok=True)
    pages = capabilities()
    order = [title for title in CAPABILITIES if title in pages]
    order += sorted(pages.keys() - CAPABILITIES)
    stems = {title: re.sub(r"\W+", "-", title.lower()) for title in order}
    for title in order:
        text = [f"# {title}\n"]
        for section in ("Blocking", "Awaitable", "Both APIs"):
            if section in pages[title]:
                text += [f"## {section}\n", *pages[title][section]]
        (folder / f"{stems[title]}.md").write_text("\n".join(text), "utf-8")
    (folder / "others.md").write_text("\n".join(others()), "utf-8")
    listed = "\n".join([*stems.values(), "others"])
    (folder / "index.md").write_text(
        "# API\n\nA page for each capability, with the names of `py_identity_model` and of "
        "`py_identity_model.aio`; what waits for nothing is the same object in both. "
        "See [which object do I need](../explanation/which-object.md).\n\n"
        f"```{{toctree}}\n{listed}\n```\n",
        "utf-8",
    )


def leave_sources_out(app: Any, error: Exception | None) -> None:
    """Remove what the build wrote beside the sources."""
    shutil.rmtree(HERE / "reference", ignore_errors=True)


def setup(app: Any) -> None:
    """Connect the reference."""
    app.connect("source-read", name_files)
    app.connect("source-read", choose_pictures)
    app.connect("autodoc-process-docstring", parameters_as_fields)
    app.connect("builder-inited", write_pages)
    app.connect("build-finished", leave_sources_out)
