"""The command line: ``py-identity-model``, or ``python -m py_identity_model``.

Install the extra ``cli`` for it.  Each command is a module: what it finds out is returned by a
plain function, and only the function named ``command`` knows of options and terminals.
"""

import sys

_MISSING = "the command line needs the extra 'cli': pip install 'py-identity-model[cli]'"
_OF_THE_EXTRA = frozenset({"typer", "rich", "keyring"})


def main() -> None:
    """Run the command line.

    Example::

        # in a shell: py-identity-model doctor --issuer https://auth.example.com
    """
    try:
        from .app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        sys.stderr.write(f"{_MISSING}\n")
        raise SystemExit(2) from None
    app(prog_name="py-identity-model")
