"""Packages that load the module of a name when the name is first used (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType
    from typing import Any


def lazy_names(
    package: str, modules: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of ``package``.

    ``modules`` maps modules, relative to the package, to the names that they provide.
    """
    home = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> Any:
        if name not in home:
            raise _missing_name_error(package, name, home, sys._getframe(1))
        value = getattr(import_module(home[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home})

    return load, names


def _missing_name_error(
    package: str, name: str, names: Iterable[str], caller: FrameType
) -> AttributeError | ImportError:
    """Return the exception for a missing name, with the most similar name as a hint.

    When a name is imported, Python drops the text of an AttributeError, and looks for similar names
    in the wrong package.  So an import gets the ImportError that it would become.
    """
    meant = _meant_name(name, names)
    hint = f"; did you mean {meant!r}?" if meant else ""
    if _imports_a_name(caller):
        return ImportError(f"cannot import name {name!r} from {package!r}{hint}", name=package)
    return AttributeError(f"module {package!r} has no attribute {name!r}{hint}")


def _meant_name(name: str, names: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # rarely needed

    known = list(names)
    for twin in (f"Async{name}", name.removeprefix("Async")):
        if twin in known:
            return twin
    return next(iter(get_close_matches(name, known, 1, 0.8)), None)


def _imports_a_name(caller: FrameType) -> bool:
    from opcode import opmap

    return caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]
