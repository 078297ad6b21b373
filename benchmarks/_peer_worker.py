"""Runs under an interpreter that has the published release installed; see ``_peer.py``."""

# mypy: ignore-errors

import asyncio
import gc
import json
import runpy
import sys
import threading
import time
from pathlib import Path

from py_identity_model import (
    ClientCredentialsTokenRequest,
    TokenValidationConfig,
    aio,
    request_client_credentials_token,
    validate_token,
)

flooded = runpy.run_path(str(Path(__file__).with_name("_flood.py")))["flooded"]
CONFIG = TokenValidationConfig(perform_disco=True, audience="api")


def validate(question):
    token, issuer = question["token"], question["issuer"] + "/.well-known/openid-configuration"
    return lambda: validate_token(token, CONFIG, issuer)


def refuse(question):
    run = validate(question)

    def attempt():
        try:
            run()
        except Exception:
            return
        raise SystemExit("it was accepted")

    return attempt


def request(question):
    asked = ClientCredentialsTokenRequest(question["address"], "machine", "secret", "api")
    return lambda: request_client_credentials_token(asked)


LOOP = asyncio.Runner()
KINDS = {"validate": validate, "refuse": refuse, "request": request}


def awaited(question):
    asked = ClientCredentialsTokenRequest(question["address"], "machine", "secret", "api")

    async def many():
        for _ in range(question["count"]):
            await aio.request_client_credentials_token(asked)

    began = time.process_time()
    LOOP.run(many())
    return time.process_time() - began


def flood(question):
    address = question["issuer"] + "/.well-known/openid-configuration"
    return flooded(
        lambda token: validate_token(token, CONFIG, address),
        question["good"],
        question["forged"],
        question["seconds"],
    )


def timed(question):
    run, repeat = KINDS[question["kind"]](question), range(question["count"])
    clock = time.process_time if question.get("cpu") else time.perf_counter
    gc.disable()
    began = clock()
    for _ in repeat:
        run()
    took = clock() - began
    gc.enable()
    return took


def rate(question):
    run, ends = validate(question), time.perf_counter() + question["window"]
    done = [0] * question["threads"]

    def work(index):
        count = 0
        while time.perf_counter() < ends:
            run()
            count += 1
        done[index] = count

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(done))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / question["window"]


WHOLE = {"rate": rate, "request_async": awaited, "flood": flood}
for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps(WHOLE.get(question["kind"], timed)(question)), flush=True)
