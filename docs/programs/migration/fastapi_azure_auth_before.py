import os
from typing import Annotated

from fastapi import FastAPI, Security
from fastapi_azure_auth import SingleTenantAzureAuthorizationCodeBearer
from fastapi_azure_auth.user import User

azure = SingleTenantAzureAuthorizationCodeBearer(
    app_client_id=os.environ["API_CLIENT_ID"], tenant_id=os.environ["TENANT_ID"], leeway=60
)
app = FastAPI()


@app.get("/me")
async def me(user: Annotated[User, Security(azure, scopes=["read"])]) -> dict[str, str | None]:
    return {"you": user.sub}
