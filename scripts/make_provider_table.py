"""Write docs/providers.md from the presets; with --check, only report whether it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from py_identity_model import providers
from py_identity_model.providers import Note, Provider

DOCUMENT = Path(__file__).parents[1] / "docs" / "providers.md"
TENANT = "11111111-2222-3333-4444-555555555555"
ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
EXAMPLES: dict[str, tuple[str, Callable[[], Provider]]] = {
    "adfs": ('adfs("adfs.corp.example")', lambda: providers.adfs("adfs.corp.example")),
    "apple": ("apple()", providers.apple),
    "atproto": ('atproto("https://bsky.social")', lambda: providers.atproto("https://bsky.social")),
    "auth0": ('auth0("acme.eu.auth0.com")', lambda: providers.auth0("acme.eu.auth0.com")),
    "authentik": (
        'authentik("https://auth.example", "my-app")',
        lambda: providers.authentik("https://auth.example", "my-app"),
    ),
    "aws_alb": (
        'aws_alb("eu-central-1", "arn:…", "my-client")',
        lambda: providers.aws_alb("eu-central-1", ARN, "my-client"),
    ),
    "cloudflare_access": (
        'cloudflare_access("acme", "the AUD tag")',
        lambda: providers.cloudflare_access("acme", "4714c1358e65fe4b408ad6d432a5f878"),
    ),
    "cognito": (
        'cognito("us-east-1", "us-east-1_AbCdEf", client_ids=["web"], domain="acme")',
        lambda: providers.cognito(
            "us-east-1", "us-east-1_AbCdEf", client_ids=["web"], domain="acme"
        ),
    ),
    "dex": ('dex("https://dex.example")', lambda: providers.dex("https://dex.example")),
    "discord": ("discord()", providers.discord),
    "entra": ('entra("the tenant\'s id")', lambda: providers.entra(TENANT)),
    "entra_b2c": (
        'entra_b2c("contoso", "the tenant\'s id", "B2C_1_si")',
        lambda: providers.entra_b2c("contoso", TENANT, "B2C_1_si"),
    ),
    "entra_external": (
        'entra_external("the tenant\'s id", "contoso")',
        lambda: providers.entra_external(TENANT, "contoso"),
    ),
    "entra_multi_tenant": (
        'entra_multi_tenant(allowed=["a tenant\'s id"])',
        lambda: providers.entra_multi_tenant(allowed=[TENANT]),
    ),
    "facebook": ("facebook()", providers.facebook),
    "firebase": ('firebase("my-proj")', lambda: providers.firebase("my-proj")),
    "github": ("github()", providers.github),
    "github_actions": (
        'github_actions(owner_ids=["123456"])',
        lambda: providers.github_actions(owner_ids=["123456"]),
    ),
    "gitlab": ("gitlab()", providers.gitlab),
    "gitlab_ci": (
        'gitlab_ci(project_ids=["20"])',
        lambda: providers.gitlab_ci(project_ids=["20"]),
    ),
    "google": ("google()", providers.google),
    "google_iap": (
        'google_iap("/projects/1/apps/my-proj")',
        lambda: providers.google_iap("/projects/1/apps/my-proj"),
    ),
    "keycloak": (
        'keycloak("https://id.example", "main")',
        lambda: providers.keycloak("https://id.example", "main"),
    ),
    "kubernetes": ('kubernetes("my-service")', lambda: providers.kubernetes("my-service")),
    "linkedin": ("linkedin()", providers.linkedin),
    "mastodon": (
        'mastodon("https://mastodon.example")',
        lambda: providers.mastodon("https://mastodon.example"),
    ),
    "okta": ('okta("dev-1.okta.com")', lambda: providers.okta("dev-1.okta.com")),
    "ping_federate": (
        'ping_federate("https://sso.corp.example")',
        lambda: providers.ping_federate("https://sso.corp.example"),
    ),
    "salesforce": ("salesforce()", providers.salesforce),
    "slack": ("slack()", providers.slack),
    "twitch": ("twitch()", providers.twitch),
    "zitadel": (
        'zitadel("acme.zitadel.cloud")',
        lambda: providers.zitadel("acme.zitadel.cloud"),
    ),
}
HEAD = """# Providers

<!-- Written by scripts/make_provider_table.py from `py_identity_model.providers`; edit those. -->

What is known of providers is data: `py_identity_model.providers` has a function for each, which
returns a frozen `Provider`. Every line below names where it was read. What could not be read is
left out: see the end.

```python
from py_identity_model.providers import Provider, keycloak

provider = keycloak("https://id.example", "main")
members = provider.to_dict()  # fit for JSON: save your own, and load it by Provider.from_dict
assert Provider.from_dict(members) == provider
```

An API passes a preset instead of the issuer's URL, as the last column says; `TrustedIssuer` takes
one as well, and resolvers may return one. Access tokens of providers that are for logins alone are
opaque, or for their own APIs: all that a verifier could be shown of them are ID tokens, and those
it refuses by their marks.

| preset | issuer | logins | tokens for APIs | in front of an API |
|---|---|---|---|---|
"""
TAIL = """
## What was run

The facts above are read. Run was Keycloak 26.7.3, in both APIs, on 2026-11-26:
[Keycloak](keycloak.md) says what was seen, and `nox -s keycloak` shows it again.
[`tests/op`](../tests/op) runs node oidc-provider 9.13.

## What is left out

It could not be read in a provider's documentation, or differs between its versions:

- how clients authenticate at LinkedIn and Facebook, and Facebook's token endpoint;
- Amazon Cognito in China, and load balancers in AWS GovCloud (US-East);
- the audience of Google's Identity-Aware Proxy in its forms: copy yours from the console;
- Auth0's and PingFederate's claims for permissions and scopes, which are configured per API;
- whether older Mastodon servers take PKCE;
- roles of Microsoft Entra ID in an Azure AD B2C token: they are what your policy puts there.

APIs whose tokens *are* ID tokens: `dex`, `firebase`, `github_actions`, `gitlab_ci`, `google_iap`.
Where the `aud` of access tokens is the client itself and ID tokens have no mark, nothing but
`required_claims` and scopes distinguishes the two.
"""


def row(call: str, provider: Provider) -> str:
    shown = "; ".join(tokens(provider))
    return (
        f"| `{call}` | {issuer(provider)} | {logins(provider)} | {shown} | "
        f"{verifier(call, provider)} |"
    )


def issuer(provider: Provider) -> str:
    names = [name for name in (provider.issuer, *provider.other_issuers) if name is not None]
    return ", ".join(f"`{name}`" for name in names) or "the identity provider's"


def logins(provider: Provider) -> str:
    if provider.key_url_template is not None or provider.access_tokens_are_id_tokens:
        return "" if provider.name != "dex" else "OpenID Connect"
    if provider.name in {"cloudflare_access", "kubernetes"}:
        return ""
    parts = ["OpenID Connect" if provider.openid else "OAuth 2.0 alone"]
    parts += [f"no {name}" for name in ("nonce", "pkce") if not getattr(provider, name)]
    parts += [one for one in (provider.client_authentication, provider.response_mode) if one]
    return ", ".join(parts)


def tokens(provider: Provider) -> Iterator[str]:
    if provider.access_tokens_are_id_tokens:
        yield "an ID token"
    if provider.client_ids is not None:
        yield "`client_id` instead of `aud`"
    for claim, values in provider.required_claims.items():
        yield f"`{claim}` is {' or '.join(f'`{value}`' for value in values)}"
    for name, value in provider.required_header.items():
        yield f"header `{name}` is yours" if value else ""
    if provider.scope_claim is not None:
        yield f"scopes in `{provider.scope_claim}`"
    if provider.roles_claim is not None:
        path = provider.roles_claim
        yield f"roles in `{path if isinstance(path, str) else '.'.join(path)}`"
    if provider.algorithms is not None:
        yield ", ".join(provider.algorithms)


def needs_audience(provider: Provider) -> bool:
    """Return whether a preset leaves open for whom its tokens must be."""
    return not (provider.audience or provider.client_ids or provider.key_url_template)


def verifier(call: str, provider: Provider) -> str:
    """Return how a verifier is created with a preset."""
    if provider.metadata and "jwks_uri" not in provider.metadata:
        return "its tokens are opaque: nothing to verify"
    audience = ', "my-api"' if needs_audience(provider) else ""
    return f"`AccessTokenVerifier({call}{audience})`"


def noted(note: Note) -> str:
    return f"- {note.text} (<{note.source}>)"


def render() -> str:
    made = {name: (call, make()) for name, (call, make) in sorted(EXAMPLES.items())}
    rows = "\n".join(row(call, provider) for call, provider in made.values())
    sections = (
        f"## {name}\n\n[Programs](provider/{name}.md)\n\n"
        + "\n".join(noted(note) for note in provider.notes)
        for name, (_, provider) in made.items()
    )
    return HEAD + rows + "\n\n" + "\n\n".join(sections) + "\n" + TAIL


def main(arguments: list[str]) -> int:
    text = render()
    if "--check" not in arguments:
        DOCUMENT.write_text(text, "utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text("utf-8") == text:
        return 0
    print(f"{DOCUMENT} is out of date: run scripts/make_provider_table.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
