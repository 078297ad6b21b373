"""Metadata of protected resources."""

from __future__ import annotations

import pytest

from py_identity_model import (
    build_protected_resource_metadata,
)
from py_identity_model.exceptions import (
    InvalidArgumentError,
)


def test_a_resource_describes_itself() -> None:
    document = build_protected_resource_metadata(
        "https://api.example/orders",
        authorization_servers=("https://op.example",),
        scopes_supported=None,
        resource_name="Orders",
        jwks_uri=None,
    )
    assert document == {
        "resource": "https://api.example/orders",
        "authorization_servers": ["https://op.example"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Orders",
    }
    for plain in ("http://localhost:8000/orders", "http://127.0.0.1:8000"):
        assert build_protected_resource_metadata(plain)["resource"] == plain
    odd = ("http://localhost.evil.example", "http://10.0.0.1", "http://localhost#f")
    for resource in ("http://api.example", "https://api.example#f", "/orders", *odd):
        with pytest.raises(InvalidArgumentError):
            build_protected_resource_metadata(resource)
