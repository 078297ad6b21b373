import os

import httpx
import redis
from celery import Celery

from py_identity_model import OAuthClient, RedisTokenStore

app = Celery("jobs", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
client = OAuthClient(
    os.environ["OIDC_ISSUER"],
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    token_store=RedisTokenStore(redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)),
)
api = httpx.Client(
    base_url=os.environ["API_URL"],
    auth=client.auth(
        scope="read",
        origins=[os.environ["API_URL"]],
        allow_tokens_over_plain_http=True,  # for the example's API on loopback
    ),
)


@app.task
def whoami() -> str:
    return str(api.get("/me").raise_for_status().json()["you"])
