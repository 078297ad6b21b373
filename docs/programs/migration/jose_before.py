import os

import requests
from jose import JWTError, jwt

ISSUER = os.environ["OIDC_ISSUER"]
keys = requests.get(f"{ISSUER}/jwks", timeout=5).json()  # once: a rotation needs a restart


def caller(authorization: str) -> str | None:
    token = authorization.removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, keys, algorithms=["RS256"], audience="api", issuer=ISSUER)
    except JWTError:
        return None
    return str(claims["sub"])
