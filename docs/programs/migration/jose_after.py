import os

from py_identity_model import AccessTokenRefusedException, AccessTokenVerifier

verifier = AccessTokenVerifier(os.environ["OIDC_ISSUER"], "api")


def caller(authorization: str) -> str | None:
    try:
        return verifier.verify(authorization).subject
    except AccessTokenRefusedException:
        return None
