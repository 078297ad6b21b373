"""Runs under an interpreter that has the published release installed; see ``_peer.py``."""

# mypy: ignore-errors

import gc
import json
import sys
import threading
import time

from py_identity_model import (
    ClientCredentialsTokenRequest,
    TokenValidationConfig,
    request_client_credentials_token,
    validate_token,
)

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


KINDS = {"validate": validate, "refuse": refuse, "request": request}


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


for line in sys.stdin:
    question = json.loads(line)
    answer = rate(question) if question["kind"] == "rate" else timed(question)
    print(json.dumps(answer), flush=True)
