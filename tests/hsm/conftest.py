"""SoftHSM: a PKCS#11 token in a folder of its own, and two keys that cannot leave it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11.util.ec import encode_named_curve_parameters

from tests.op.conftest import browser as browser
from tests.op.conftest import op as op
from tests.op.conftest import running as running
from tests.op.conftest import serving as serving

PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
PIN = "1234"


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An open session with the token."""
    found = [place for place in PLACES if Path(place).exists()]
    assert found, "SoftHSM 2 is not installed"  # these tests must not be skipped
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    command = ["softhsm2-util", "--init-token", "--free", "--label", "tests", "--pin", PIN]
    subprocess.run([*command, "--so-pin", PIN], check=True, capture_output=True)
    with pkcs11.lib(found[0]).get_token(token_label="tests").open(rw=True, user_pin=PIN) as session:
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        for label in ("client", "dpop", "stranger"):
            parameters.generate_keypair(store=True, label=label)
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="content")
        yield session


@pytest.fixture(scope="session")
def shown() -> dict[str, Any]:
    """What the programs in docs/keys.md define."""
    page = (Path(__file__).parents[2] / "docs/keys.md").read_text()
    space: dict[str, Any] = {}
    for program in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(program, space)
    return space


@pytest.fixture(scope="session")
def token_key(shown: dict[str, Any]) -> Any:
    """The class of signing keys."""
    return shown["TokenKey"]
