"""Tokens that platforms issue: real files, real commands, and what is never sent."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from py_identity_model import GitHubActionsToken, InvalidArgumentError, TokenCommand
from py_identity_model._client_auth import platform_tokens
from py_identity_model._client_auth.platform_tokens import (
    check_platform_token,
    github_variables,
    read_replaced_token,
    read_token,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._wire.messages import HttpResponse
from py_identity_model.exceptions import ConfigurationException
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused

UNUSABLE = "unusable_workload_token"
AUDIENCE = "https://op.example"


def python(program: str, **more: Any) -> TokenCommand:
    return TokenCommand([sys.executable, "-c", program], **more)


def test_a_file_is_read_without_white_space(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(" a.b.c\n")
    assert read_token(file) == "a.b.c"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"s3cret" * 20_000, "more than 65536 bytes"),
        ("s3crét".encode(), "does not hold a token"),
        (b"s3cret\nsecond", "does not hold a token"),
        (b"s3cret\x00", "does not hold a token"),
    ],
)
def test_a_file_without_a_token_is_refused_unquoted(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with refused(ConfigurationException, UNUSABLE) as caught:
        read_token(file)
    assert words in str(caught.value)
    assert "s3cr" not in str(caught.value)


def test_what_is_not_a_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / "none", Path("nul\0")):
        with refused(ConfigurationException, UNUSABLE):
            read_token(path)


def jwt(number: int) -> str:
    payload = encode_base64url(f'{{"jti": "{number}"}}'.encode()).decode()
    return f"eyJhbGciOiJub25lIn0.{payload}.c2lnbmF0dXJl"


@pytest.mark.parametrize("half", ["", jwt(2)[:30], jwt(2).rpartition(".")[0] + ".", None])
def test_a_file_that_is_being_replaced_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: str | None
) -> None:
    file = tmp_path / "token"
    if half is not None:
        file.write_text(half)
    monkeypatch.setattr(platform_tokens, "sleep", lambda seconds: file.write_text(jwt(2)))
    assert read_replaced_token(file) == jwt(2)


def test_a_file_that_stays_as_it_is_is_judged_after_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, waited = tmp_path / "token", list[float]()
    monkeypatch.setattr(platform_tokens, "sleep", waited.append)
    with refused(ConfigurationException, UNUSABLE):
        read_replaced_token(file)
    file.write_text("opaque")
    assert read_replaced_token(file) == "opaque"
    assert waited == [0.05, 0.1] * 2
    file.write_text(jwt(1))
    assert read_replaced_token(file) == jwt(1)
    assert waited == [0.05, 0.1] * 2


def test_a_directory_that_kubernetes_exchanges_always_has_a_whole_token(tmp_path: Path) -> None:
    """The token is a link through `..data`, which is replaced by a new link; the old one goes."""

    def publish(number: int) -> None:
        folder = tmp_path / f"..{number}"
        folder.mkdir()
        (folder / "token").write_text(jwt(number))
        (tmp_path / "..data_tmp").symlink_to(folder.name)
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        shutil.rmtree(tmp_path / f"..{number - 1}", ignore_errors=True)

    publish(0)
    (tmp_path / "token").symlink_to("..data/token")
    done = threading.Event()

    def rotate() -> None:
        for number in range(1, 200):
            publish(number)
        done.set()

    thread = threading.Thread(target=rotate)
    thread.start()
    seen = set()
    while not done.is_set():
        seen.add(read_replaced_token(tmp_path / "token"))
    thread.join()
    assert seen <= {jwt(number) for number in range(200)}
    assert read_replaced_token(tmp_path / "token") == jwt(199)


def test_a_command_prints_a_token() -> None:
    assert python("print('a.b.c')")() == "a.b.c"


def test_a_command_runs_without_a_shell(tmp_path: Path) -> None:
    assert TokenCommand(["echo", "$HOME;", f"touch {tmp_path}/x"])() == f"$HOME; touch {tmp_path}/x"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("print('s3cret'); raise SystemExit(3)", "failed with status 3"),
        ("pass", "is empty"),
        ("import sys\nwhile True: sys.stdout.write('s3cret' * 9999)", "more than 65536 bytes"),
    ],
)
def test_a_command_without_a_token_is_refused_unquoted(program: str, words: str) -> None:
    with refused(ConfigurationException, UNUSABLE) as caught:
        python(program)()
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_command_may_have_all_the_time_in_the_world() -> None:
    assert python("print('a.b.c')", timeout=1e300)() == "a.b.c"


def test_a_slow_command_is_killed_with_its_children() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], stdin=None)"
    slow = (
        f"import time, subprocess, sys\nsubprocess.Popen(['sleep', '60'])\n{child}\ntime.sleep(60)"
    )
    with refused(ConfigurationException, UNUSABLE) as caught:
        python(slow, timeout=0.3)()
    assert "more than 0.3 s" in str(caught.value)


def test_a_child_that_left_the_group_holds_nobody_up() -> None:
    leaves = "import subprocess; subprocess.Popen(['sleep', '4'], start_new_session=True); print(1)"
    began = time.monotonic()
    with refused(ConfigurationException, UNUSABLE) as caught:
        python(leaves, timeout=0.5)()
    assert "more than 0.5 s" in str(caught.value)
    assert time.monotonic() - began < 3


def test_a_missing_program_is_named() -> None:
    with refused(ConfigurationException, UNUSABLE) as caught:
        TokenCommand(["/nowhere/prints-tokens", "--password=s3cret"])()
    assert "prints-tokens cannot be run: No such file" in str(caught.value)
    assert "s3cret" not in str(caught.value) + repr(TokenCommand(["x", "--password=s3cret"]))


@pytest.mark.parametrize(("arguments", "timeout"), [("echo x", 1), ([], 1), (["x"], 0), ([""], 1)])
def test_a_command_is_a_list_with_a_timeout(arguments: Any, timeout: float) -> None:
    with pytest.raises(InvalidArgumentError):
        TokenCommand(arguments, timeout)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.example/token?api=2")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner-s3cret")


def test_a_job_requests_a_token_for_an_audience(job: None) -> None:
    wanted = GitHubActionsToken("https://op.example/a b&c")()
    assert wanted.request.method == "GET"
    assert wanted.request.url == (
        "https://ci.example/token?api=2&audience=https%3A%2F%2Fop.example%2Fa%20b%26c"
    )
    assert wanted.request.encode().headers["Authorization"] == "Bearer runner-s3cret"
    assert "s3cret" not in repr(wanted)


def test_the_token_is_in_the_response(job: None) -> None:
    read = GitHubActionsToken(AUDIENCE)().read
    assert read(HttpResponse(200, {}, b'{"value": "a.b.c", "count": 9}')) == "a.b.c"
    for status, body in [(403, b"{}"), (200, b"s3cret"), (200, b"[]"), (200, b'{"value": 7}')]:
        with refused(ConfigurationException, UNUSABLE) as caught:
            read(HttpResponse(status, {}, body))
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "token", "words"),
    [
        (None, "t", "ACTIONS_ID_TOKEN_REQUEST_URL not set"),
        ("https://ci.example", "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN not set"),
        ("http://ci.example", "t", "is not https"),
        ("file:///etc/passwd", "t", "not http or https"),
    ],
)
def test_only_a_job_with_the_permission_has_a_token(
    url: str | None, token: str, words: str
) -> None:
    variables = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": token}
    if url is not None:
        variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = url
    with pytest.raises(ConfigurationException, match=words):
        github_variables(variables)


def test_a_valid_token_for_the_audience_is_sent(provider: EmbeddedProvider) -> None:
    for audience in (AUDIENCE, ["other", AUDIENCE]):
        check_platform_token(provider.mint(aud=audience, exp=2000), AUDIENCE, 1999)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "https://kubernetes.default.svc"}, "wrong_workload_audience"),
        ({"aud": f"{AUDIENCE}/"}, "wrong_workload_audience"),
        ({"aud": None}, "wrong_workload_audience"),
        ({"aud": {AUDIENCE: 1}}, "wrong_workload_audience"),
        ({"exp": 2000}, "workload_token_expired"),
        ({"exp": None}, UNUSABLE),
        ({"exp": True}, UNUSABLE),
        ({"exp": "3000"}, UNUSABLE),
        ({"exp": -(10**400)}, UNUSABLE),
    ],
)
def test_another_token_is_not_sent(
    provider: EmbeddedProvider, claims: dict[str, Any], code: str
) -> None:
    usual: dict[str, Any] = {"aud": AUDIENCE, "exp": 3000}
    token = provider.mint(**(usual | claims))
    with refused(ConfigurationException, code) as caught:
        check_platform_token(token, AUDIENCE, 2000)
    assert token not in str(caught.value)


@pytest.mark.parametrize("token", ["opaque", "a.b", "a.b.c", "a.W10.c", "a.%%%.c", "a.b.c.d.e"])
def test_what_is_not_a_jwt_is_not_sent(token: str) -> None:
    with refused(ConfigurationException, UNUSABLE):
        check_platform_token(token, AUDIENCE, 0)
