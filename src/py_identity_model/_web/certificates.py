"""Client certificates, as proxies hand them on in a header field."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import unquote


def certificate_of(values: Sequence[str]) -> str | bytes | None:
    """Return the certificate in the values of a header field; None unless it is exactly one.

    A second field may be the client's own, beside the proxy's; servers by WSGI join the two with a
    comma, which no encoding of one certificate has.  RFC 9440 §2.1 (``:base64:``), or PEM,
    percent-encoded or not.
    """
    if len(values) != 1 or not values[0].strip() or "," in values[0]:
        return None
    value = values[0].strip()
    if not (value.startswith(":") and value.endswith(":")):
        return unquote(value) if "%" in value else value
    try:
        return base64.b64decode(value[1:-1], validate=True)
    except ValueError:  # also for what is not ASCII
        return None
