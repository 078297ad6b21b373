import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from py_identity_model.aio import AsyncOAuthClient
from py_identity_model.integrations.starlette import WebLogin

client = AsyncOAuthClient(
    os.environ["OIDC_ISSUER"],
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
)
login = WebLogin(client, secret=os.environ["SESSION_SECRET"])


async def me(request: Request) -> JSONResponse:
    user = await login.required(request)
    return JSONResponse({"you": user.subject})


app = Starlette(routes=[Route("/me", me), *login.routes], middleware=[login.middleware])
