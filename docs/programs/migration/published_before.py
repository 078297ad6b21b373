import os

from py_identity_model import PyIdentityModelException, TokenValidationConfig, validate_token

ISSUER = os.environ["OIDC_ISSUER"]
config = TokenValidationConfig(perform_disco=True, audience="api", issuer=ISSUER)


def caller(authorization: str) -> str | None:
    token = authorization.removeprefix("Bearer ")
    try:
        return str(
            validate_token(token, config, f"{ISSUER}/.well-known/openid-configuration")["sub"]
        )
    except PyIdentityModelException:
        return None
