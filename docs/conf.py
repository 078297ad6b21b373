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
html_css_files = ["wide-tables.css"]
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "inherited-members": False}

_FIELD = re.compile(r"^(\w+):")
OTHERS = (
    exceptions,
    providers,
    testing,
    http_client,
    identity,
    logging_config,
    ssl_config,
    telemetry,
)


def reference(
    title: str, package: ModuleType, introduction: str, *, apart: ModuleType | None = None
) -> Iterator[str]:
    """Yield the page of a package, a section for each module that defines names.

    What ``apart`` has as well, the same object, is left out.
    """
    yield f"# {title}\n\n{introduction}\n"
    by_module: dict[str, list[str]] = {}
    for name in package.__all__:
        thing = getattr(package, name)
        if apart is not None and getattr(apart, name, None) is thing:
            continue
        module = getattr(thing, "__module__", None) or "constants"
        if module != exceptions.__name__:
            by_module.setdefault(module.rpartition(".")[2].strip("_"), []).append(name)
    for module, names in sorted(by_module.items()):
        yield f"## {module.replace('_', ' ')}\n"
        for name in sorted(names):
            yield directive(package, name)


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


def write_pages(app: Any) -> None:
    """Write the pages of the reference beside the others."""
    folder = HERE / "reference"
    folder.mkdir(exist_ok=True)
    words = "See [which object do I need](../explanation/which-object.md)."
    same = (
        "What waits for nothing (requests, responses, functions that send nothing) is the same "
        "object as in the [blocking package](blocking.md), is imported from here as well, and is "
        f"described there. {words}"
    )
    blocking, awaitable = "Blocking: py_identity_model", "Awaitable: py_identity_model.aio"
    for stem, lines in {
        "blocking": reference(blocking, py_identity_model, words),
        "awaitable": reference(awaitable, aio, same, apart=py_identity_model),
        "others": others(),
    }.items():
        (folder / f"{stem}.md").write_text("\n".join(lines), "utf-8")


def leave_sources_out(app: Any, error: Exception | None) -> None:
    """Remove what the build wrote beside the sources."""
    shutil.rmtree(HERE / "reference", ignore_errors=True)


def setup(app: Any) -> None:
    """Connect the reference."""
    app.connect("source-read", name_files)
    app.connect("autodoc-process-docstring", parameters_as_fields)
    app.connect("builder-inited", write_pages)
    app.connect("build-finished", leave_sources_out)
