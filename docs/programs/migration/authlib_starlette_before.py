import os

from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

oauth = OAuth()
oauth.register(
    "op",
    client_id=os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    server_metadata_url=f"{os.environ['OIDC_ISSUER']}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)


async def login(request):
    return await oauth.op.authorize_redirect(request, str(request.url_for("callback")))


async def callback(request):
    token = await oauth.op.authorize_access_token(request)
    request.session["user"] = token["userinfo"]["sub"]
    return RedirectResponse("/me")


async def me(request):
    if "user" not in request.session:
        return RedirectResponse("/login")
    return JSONResponse({"you": request.session["user"]})


app = Starlette(
    routes=[Route("/login", login), Route("/callback", callback), Route("/me", me)],
    middleware=[Middleware(SessionMiddleware, secret_key=os.environ["SESSION_SECRET"])],
)
