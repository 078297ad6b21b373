"""Write the generated pages of docs/; with --check, only say whether they are up to date.

docs/error-codes.md is made of what the command line says of each code, docs/provider/ of the
presets.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import make_provider_table as table

from py_identity_model import exceptions
from py_identity_model.cli.error_codes import EXPLANATIONS
from py_identity_model.providers import Provider

DOCS = Path(__file__).parents[1] / "docs"
TITLES = {
    "adfs": "Active Directory Federation Services",
    "apple": "Sign in with Apple",
    "atproto": "AT Protocol (Bluesky)",
    "auth0": "Auth0",
    "authentik": "authentik",
    "aws_alb": "AWS Application Load Balancer",
    "cloudflare_access": "Cloudflare Access",
    "cognito": "Amazon Cognito",
    "dex": "dex",
    "discord": "Discord",
    "entra": "Microsoft Entra ID",
    "entra_b2c": "Azure AD B2C",
    "entra_external": "Microsoft Entra External ID",
    "entra_multi_tenant": "Microsoft Entra ID, many tenants",
    "facebook": "Facebook",
    "firebase": "Firebase",
    "github": "GitHub",
    "github_actions": "GitHub Actions",
    "gitlab": "GitLab",
    "gitlab_ci": "GitLab CI",
    "google": "Google",
    "google_iap": "Google Identity-Aware Proxy",
    "keycloak": "Keycloak",
    "kubernetes": "Kubernetes service accounts",
    "linkedin": "LinkedIn",
    "mastodon": "Mastodon",
    "okta": "Okta",
    "ping_federate": "PingFederate",
    "salesforce": "Salesforce",
    "slack": "Slack",
    "twitch": "Twitch",
    "zitadel": "ZITADEL",
}
WORDS = {  # of the table, and what a program needs
    "the tenant's id": table.TENANT,
    "a tenant's id": table.TENANT,
    "arn:…": table.ARN,
    "the AUD tag": "4714c1358e65fe4b408ad6d432a5f878",
}
MARK = "<!-- Written by scripts/make_docs.py; edit {} instead. -->"
CODES_HEAD = f"""# Error codes

{MARK.format("src/py_identity_model/cli/error_codes.toml")}

Every exception has a `code`, every log record of a refusal names it, and `py-identity-model explain
CODE` says what is here. Codes are stable: programs may compare them. Begin with [debugging a
401](how-to/debugging-a-401.md).
"""


def error_codes() -> str:
    sections = (
        f"\n## {code}\n\n{cause} {raised_by(code)}\n\n→ {remedy}\n"
        for code, (cause, remedy) in EXPLANATIONS.items()
    )
    return "".join([CODES_HEAD, *sections]).replace(" \n", "\n")


def raised_by(code: str) -> str:
    """Return the exception whose own code it is."""
    for name in exceptions.__all__:
        if getattr(exceptions, name).default_code == code:
            return f"(`{name}`)"
    return ""


def provider_page(name: str) -> str:
    call, make = table.EXAMPLES[name]
    for shown, needed in WORDS.items():
        call = call.replace(shown, needed)
    return "\n".join(lines(name, call, make()))


def lines(name: str, call: str, provider: Provider) -> Iterator[str]:
    yield f"# {TITLES[name]}\n\n{MARK.format('the preset and scripts/make_docs.py')}\n"
    yield f"Issuer: {table.issuer(provider)}. [All providers](../providers.md).\n"
    if "opaque" not in table.verifier(call, provider):
        audience = ', "my-api"' if table.needs_audience(provider) else ""
        yield "## In front of an API\n"
        yield from program(
            name, call, "AccessTokenVerifier", f"verifier = {{}}(provider{audience})"
        )
        facts = [fact for fact in table.tokens(provider) if fact]
        yield (f"Of its tokens it is known: {'; '.join(facts)}.\n" if facts else "")
    if table.logins(provider):
        yield "## Logging users in\n"
        options = '\n    provider,\n    "my-client",\n    client_secret="my-secret",\n'
        redirect = '    redirect_uri="https://app.example.com/callback",\n'
        yield from program(name, call, "OAuthClient", f"client = {{}}({options}{redirect})")
        yield f"Logins are {table.logins(provider)}. [More about logins](../logins.md).\n"
    preset = on_command_line(name, call)
    yield "## From a terminal\n\n```sh"
    if provider.document_address or provider.metadata:
        yield f'py-identity-model discover --preset "{preset}"'
    if "opaque" not in table.verifier(call, provider):
        audience = " --audience my-api" if table.needs_audience(provider) else ""
        yield f'pbpaste | py-identity-model verify --preset "{preset}"{audience}'
    yield "```\n\n## What is special about it\n"
    yield "\n".join(table.noted(note) for note in provider.notes) + "\n"


def program(name: str, call: str, made: str, line: str) -> Iterator[str]:
    yield "```python"
    yield f"from py_identity_model import {made}"
    yield f"from py_identity_model.providers import {name}\n"
    yield f"provider = {wrapped(call)}"
    yield f"{line.format(made)}"
    yield "```\n"


def wrapped(call: str) -> str:
    """Return a call as the formatter writes it: an argument a line, where one line is too long."""
    if len(f"provider = {call}") <= 100:
        return call
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    arguments = [ast.get_source_segment(call, one) for one in (*node.args, *node.keywords)]
    return "\n".join([f"{ast.unparse(node.func)}(", *(f"    {one}," for one in arguments), ")"])


def on_command_line(name: str, call: str) -> str:
    """Return the arguments of a preset as ``--preset`` takes them."""
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    words = [str(ast.literal_eval(one)) for one in node.args]
    for keyword in node.keywords:
        value = ast.literal_eval(keyword.value)
        words.append(f"{keyword.arg}={value if isinstance(value, str) else ','.join(value)}")
    return " ".join([name, *words])


def pages() -> Mapping[Path, str]:
    """Return every generated page."""
    found = {DOCS / "error-codes.md": error_codes()}
    for name in table.EXAMPLES:
        found[DOCS / "provider" / f"{name}.md"] = provider_page(name)
    return found


def main(arguments: list[str]) -> int:
    wanted = pages()
    if "--check" in arguments:
        stale = [
            path
            for path, text in wanted.items()
            if not path.exists() or path.read_text("utf-8") != text
        ]
        for path in stale:
            print(f"{path} is out of date: run scripts/make_docs.py")
        return bool(stale)
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
