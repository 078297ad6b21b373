"""The tables of public names in the packages' ``__init__.py``, from one list.

``exports.toml`` lists each public name once, under the module that defines it.  Type checkers need
an import of every name, ``from package import *`` a list, and lazy loading a table: three forms of
one fact, for two hand-written packages and a generated one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping

EXPORTS = "scripts/exports.toml"
PACKAGES = {  # the hand-written part above the mark is preserved
    "src/py_identity_model/__init__.py": "root",
    "src/py_identity_model/aio/__init__.py": "aio",
}
MARK = "# Generated from here on, from scripts/exports.toml by scripts/make_sync.py.\n"
Modules = Mapping[str, Iterable[str]]


def write_tables(name: str, text: str, exports: str) -> str:
    """Return ``text``, that of package ``name``, with the tables that ``exports`` defines."""
    tables = tomllib.loads(exports)
    aio = {_relative(module): names for module, names in tables["aio"].items()}
    if PACKAGES[name] == "aio":
        modules = aio
    else:
        blocking = [one.removeprefix("Async") for names in aio.values() for one in names]
        own = {f".{module}": names for module, names in tables["root"].items()}
        modules = {".sync": blocking} | own
    above, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"{name}: the line {MARK.strip()!r} is missing: write it back")
    return above + MARK + _tables(modules)


def _relative(module: str) -> str:
    """Return ``module`` as the package ``aio`` imports it."""
    return module.removeprefix("aio") if module.startswith("aio.") else f"..{module}"


def _tables(modules: Modules) -> str:
    names = [name for listed in modules.values() for name in listed]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ValueError(f"{EXPORTS}: named twice: {', '.join(sorted(doubled))}")
    imports = [
        f"    from {module} import {name} as {name}"
        for module, listed in modules.items()
        for name in listed
    ]
    table = {module: sorted(listed) for module, listed in modules.items()}
    return "\n".join(
        [
            "if TYPE_CHECKING:",
            *imports,
            "",
            f"__all__ = {sorted(names)!r}",
            "",
            "# A visible `__getattr__` would hide misspelt names from type checkers.",
            "if not TYPE_CHECKING:",
            f"    __getattr__, __dir__ = lazy_names(__name__, {table!r})",
            "",
        ]
    )
