"""``python -m py_identity_model.testing``: the embedded provider on a fixed port."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..exceptions import InvalidArgumentError
from .standalone import development_provider, serve


def main(arguments: Sequence[str] | None = None, stop: threading.Event | None = None) -> int:
    """Run the provider until it is interrupted, and return the exit code."""
    parser = argparse.ArgumentParser("python -m py_identity_model.testing", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="where it listens (8080)")
    parser.add_argument("--users", type=Path, help="a JSON or TOML file: names, with claims")
    parser.add_argument("--like", help="a provider whose habits it takes on: keycloak, okta…")
    parser.add_argument("--audience", default="api", help="whom its access tokens are for (api)")
    given = parser.parse_args(arguments)
    secret = os.environ.get("OIDC_CLIENT_SECRET", "secret")
    try:
        provider = development_provider(**vars(given), client_secret=secret)
    except InvalidArgumentError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    serve(provider, _say, stop or threading.Event())
    return 0


def _say(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        sys.stdout.write(f"{name + ':':18} {value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
