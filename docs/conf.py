"""How Sphinx builds these pages: ``nox -s docs``."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import py_identity_model

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "scripts"))
import reference_pages  # noqa: E402 - found only after the line above

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
    """Write the pages of the reference beside the others."""
    reference_pages.configure_django()
    folder = HERE / "reference"
    folder.mkdir(exist_ok=True)
    stems = []
    for title, text in reference_pages.pages().items():
        stems.append(re.sub(r"\W+", "-", title.lower()))
        (folder / f"{stems[-1]}.md").write_text(text, "utf-8")
    listed = "\n".join(stems)
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
