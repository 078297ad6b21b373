"""``verify``: why a token is refused; every check with what was found and what was expected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

import typer

from .. import (
    AccessTokenRefusedException,
    AccessTokenVerifier,
    HTTPClient,
    JsonWebKey,
    JwksRequest,
    OAuthClient,
    PyIdentityModelException,
    TokenValidationConfig,
    get_jwks,
    validate_id_token,
    verify_jws,
)
from ..exceptions import KeysUnavailableException, TokenValidationException
from ..providers import Provider
from . import inputs
from .clocks import clock_check, provider_clock
from .error_codes import EXPLANATIONS
from .output import Output
from .report import Check, Exit, Report, failed, ok, skipped, warning
from .tokens import Parts, moment, moment_and_distance, take_apart, text_of

_SYMMETRIC = frozenset({"HS256", "HS384", "HS512"})


@dataclass(frozen=True)
class Expectations:
    """What an API or a client expects of a token.

    :param issuer: its URL, or a preset
    :param audience: names of the API; with none, the token's own is taken and not judged
    :param client_ids: clients whose tokens are accepted where they have no ``aud``
    :param scopes: what the request needs
    :param profile: that of the verifier
    :param accept_id_tokens: whether ID tokens are accepted as access tokens
    :param leeway: that of the verifier, in seconds
    :param client_id: for an ID token, whose it must be
    :param nonce: for an ID token, the nonce that was sent
    """

    issuer: str | Provider
    audience: tuple[str, ...] = ()
    client_ids: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    profile: str = "access-token"
    accept_id_tokens: bool = False
    leeway: float = 60.0
    client_id: str | None = None
    nonce: str | None = None

    @property
    def is_id_token(self) -> bool:
        """Whether an ID token is expected."""
        return self.client_id is not None

    @property
    def is_said_by_preset(self) -> bool:
        """Whether a preset says for whom tokens must be meant."""
        preset = self.issuer
        return isinstance(preset, Provider) and bool(
            preset.audience or preset.client_ids or preset.key_url_template
        )


class Keys(NamedTuple):
    """What the issuer publishes, or why that is not known."""

    issuer: str | None = None
    keys: Sequence[JsonWebKey] = ()
    check: Check | None = None


class Verdict(NamedTuple):
    """What the verifier itself says."""

    text: str
    exit_code: int
    members: Mapping[str, Any] = {}


@dataclass(frozen=True)
class _Case:
    """One token before its judges."""

    parts: Parts
    token: str = field(repr=False)
    wanted: Expectations
    published: Keys
    now: float

    def claim(self, name: str) -> Any:
        return self.parts.claims.get(name)


def judge(token: str, wanted: Expectations, http_client: HTTPClient | None = None) -> Report:
    """Return every check of a token, and the verdict of the verifier that an API would use.

    All checks are made, also after one has failed: what is found is what the token says, true only
    if the signature is.

    Example::

        report = judge(token, Expectations("https://op.example", audience=("api",)))
        print(report.verdict)
    """
    if http_client is None:
        with HTTPClient(timeout=10) as own:
            return judge(token, wanted, own)
    parts = take_apart(token)
    published = _published(wanted, http_client)
    case = _Case(parts, token, wanted, published, time.time())
    checks = [] if published.check is None else [published.check]
    if published.issuer is not None:
        checks.append(clock_check(provider_clock(published.issuer, http_client)))
    checks += _checks(case)
    verdict = _verdict(case, http_client)
    code = str(verdict.members.get("code"))
    if verdict.exit_code != Exit.DONE and not any(check.failed for check in checks):
        remedy = EXPLANATIONS[code].remedy if code in EXPLANATIONS else ""
        checks.append(failed("verifier", verdict.text, "", remedy))
    members = {"header": dict(parts.header), "claims": dict(parts.claims), **verdict.members}
    kind = "ID token" if wanted.is_id_token else "access token"
    return Report(f"An {kind}, check by check", verdict.text, checks, members, verdict.exit_code)


def _published(wanted: Expectations, http_client: HTTPClient) -> Keys:
    issuer, jwks_uri = None, None
    if isinstance(wanted.issuer, Provider):
        issuer, jwks_uri = wanted.issuer.issuer, wanted.issuer.jwks_uri
        if wanted.issuer.key_url_template or wanted.issuer.ca_file:
            why = "its keys are had in a way of their own: the verifier fetches them"
            return Keys(issuer, check=skipped("provider", why))
    try:
        if jwks_uri is None:
            client = OAuthClient(wanted.issuer, "py-identity-model", http_client=http_client)
            metadata = client.metadata()
            issuer, jwks_uri = metadata.issuer, metadata.jwks_uri
        response = get_jwks(JwksRequest(str(jwks_uri)), http_client)
    except PyIdentityModelException as error:
        return Keys(check=failed("provider", error.message, "", _remedy(error)))
    if not response.is_successful:
        return Keys(issuer, check=failed("provider", str(response.error), "a key set"))
    keys = response.keys or []
    return Keys(issuer, keys, ok("provider", f"{issuer}, {len(keys)} keys"))


def _checks(case: _Case) -> Iterator[Check]:
    if case.parts.problem is not None:
        remedy = EXPLANATIONS["malformed_token"].remedy
        yield failed("format", case.parts.problem, "three parts, base64url, JSON", remedy)
        return
    yield ok("format", "a signed JWT")
    for check in (_typ, _algorithm, _key, _signature, _issuer, _audience, _expiry, _begin, _issued):
        yield check(case)
    if case.wanted.is_id_token:
        yield _nonce(case)
    else:
        yield _scopes(case)
        yield from _binding(case)


def _typ(case: _Case) -> Check:
    found = case.parts.header.get("typ")
    if case.wanted.is_id_token:
        return ok("typ", text_of(found), "JWT, or none")
    expected = "at+jwt" if case.wanted.profile == "rfc9068" else "none, JWT or at+jwt"
    typ = str(found).lower().removeprefix("application/")
    usual = {"at+jwt"} if case.wanted.profile == "rfc9068" else {"at+jwt", "jwt", "none"}
    if typ in usual:
        return ok("typ", text_of(found), expected)
    return failed("typ", text_of(found), expected, EXPLANATIONS["wrong_typ"].remedy)


def _algorithm(case: _Case) -> Check:
    found, expected = str(case.parts.header.get("alg")), "an asymmetric one: RS256, ES256…"
    if found.lower() == "none":
        return failed("algorithm", found, expected, EXPLANATIONS["algorithm_none"].remedy)
    if found in _SYMMETRIC:
        text = "such a token is signed with a shared secret, and published keys cannot verify it"
        return failed("algorithm", found, expected, text)
    return ok("algorithm", found, expected)


def _key(case: _Case) -> Check:
    if not case.published.keys:
        return skipped("key", "no keys to compare with")
    kid = case.parts.header.get("kid")
    kids = [key.kid for key in case.published.keys]
    listed = ", ".join(str(one) for one in kids)
    if kid in kids:
        return ok("key", f"kid {text_of(kid)}", listed)
    if kid is None:
        return warning("key", "the token names none", listed, "have the issuer send a kid")
    if all(one is None for one in kids):
        return ok("key", f"kid {text_of(kid)}", "the published keys have none")
    return failed("key", f"kid {text_of(kid)}", listed, EXPLANATIONS["no_matching_key"].remedy)


def _signature(case: _Case) -> Check:
    if not case.published.keys:
        return skipped("signature", "no keys to verify with")
    kid = case.parts.header.get("kid")
    named = [key for key in case.published.keys if key.kid == kid] or case.published.keys
    problem = "no published key fits"
    for key in named:
        try:
            verify_jws(case.token, [key], [str(case.parts.header.get("alg"))])
            return ok("signature", f"verified with {key.kid or 'the key'}")
        except PyIdentityModelException as error:
            problem = error.message
    return failed("signature", problem, "", EXPLANATIONS["invalid_signature"].remedy)


def _issuer(case: _Case) -> Check:
    found, expected = case.claim("iss"), case.published.issuer
    if expected is None:
        return skipped("issuer", text_of(found))
    others: tuple[str, ...] = ()
    if isinstance(case.wanted.issuer, Provider):
        others = tuple(case.wanted.issuer.other_issuers)
    if found == expected or found in others or "{" in expected:
        return ok("issuer", text_of(found), expected)
    hint = EXPLANATIONS["invalid_issuer"].remedy
    if isinstance(found, str) and found.rstrip("/") == expected.rstrip("/"):
        hint = "only a slash at the end differs: it counts; correct it at the provider"
    return failed("issuer", text_of(found), expected, hint)


def _audience(case: _Case) -> Check:
    found = case.claim("aud")
    named = found if isinstance(found, list) else [found]
    wanted = (case.wanted.client_id,) if case.wanted.client_id else case.wanted.audience
    if not wanted and isinstance(case.wanted.issuer, Provider):
        wanted = tuple(case.wanted.issuer.audience or ())
    if case.wanted.client_ids and not wanted:
        return _client(case)
    if not wanted and case.wanted.is_said_by_preset:
        return skipped("audience", text_of(found), "the preset says what takes its place")
    if not wanted:
        return warning("audience", text_of(found), "", "say --audience to have it judged")
    if any(one in wanted for one in named):
        return ok("audience", text_of(found), ", ".join(wanted))
    remedy = EXPLANATIONS["invalid_audience"].remedy
    return failed("audience", text_of(found), ", ".join(wanted), remedy)


def _client(case: _Case) -> Check:
    found = next(
        (text for name in ("client_id", "azp", "cid", "appid") if (text := case.claim(name))), None
    )
    expected = ", ".join(case.wanted.client_ids)
    if found in case.wanted.client_ids:
        return ok("client", text_of(found), expected)
    return failed("client", text_of(found), expected, EXPLANATIONS["invalid_client_id"].remedy)


def _expiry(case: _Case) -> Check:
    return _time(case, "exp", lambda value: value > case.now - case.wanted.leeway, required=True)


def _begin(case: _Case) -> Check:
    return _time(case, "nbf", lambda value: value <= case.now + case.wanted.leeway)


def _issued(case: _Case) -> Check:
    return _time(case, "iat", lambda value: value <= case.now + case.wanted.leeway)


def _time(
    case: _Case, name: str, fits: Callable[[float], bool], *, required: bool = False
) -> Check:
    value = case.claim(name)
    expected = f"{moment(case.now)} (now, ± {case.wanted.leeway:g} s)"
    if value is None:
        return failed(name, "missing", expected) if required else ok(name, "none", expected)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return failed(name, text_of(value), "a number of seconds")
    found = moment_and_distance(value, case.now)
    if fits(value):
        return ok(name, found, expected)
    code = {"exp": "token_expired", "nbf": "not_yet_valid", "iat": "issued_in_future"}[name]
    return failed(name, found, expected, EXPLANATIONS[code].remedy)


def _nonce(case: _Case) -> Check:
    found, expected = case.claim("nonce"), case.wanted.nonce
    if expected is None:
        return skipped("nonce", text_of(found), "say --nonce to have it judged")
    if found == expected:
        return ok("nonce", text_of(found), expected)
    return failed("nonce", text_of(found), expected, EXPLANATIONS["nonce_mismatch"].remedy)


def _scopes(case: _Case) -> Check:
    value = case.claim("scope") or case.claim("scp") or []
    listed = value if isinstance(value, list) else []
    granted = value.split() if isinstance(value, str) else listed
    missing = [one for one in case.wanted.scopes if one not in granted]
    found, expected = " ".join(map(str, granted)) or "none", " ".join(case.wanted.scopes)
    if missing:
        return failed("scopes", found, expected, EXPLANATIONS["insufficient_scope"].remedy)
    return ok("scopes", found, expected)


def _binding(case: _Case) -> Iterator[Check]:
    bound = case.claim("cnf")
    if isinstance(bound, dict):
        what = "a DPoP key" if "jkt" in bound else "a client certificate"
        yield warning(
            "binding", f"bound to {what}", "", "an API accepts it only along with its proof"
        )


def _verdict(case: _Case, http_client: HTTPClient) -> Verdict:
    try:
        if case.wanted.is_id_token:
            return _id_token_verdict(case, http_client)
        return _access_token_verdict(case, http_client)
    except AccessTokenRefusedException as error:
        answer = {
            "code": error.code,
            "status_code": error.status_code,
            "details": error.details,
            "www_authenticate": error.www_authenticate,
        }
        status = Exit.UNAVAILABLE if error.status_code == 503 else Exit.REFUSED
        text = f"refused: {error.message} [{error.code}], the API answers {error.status_code}"
        return Verdict(text, status, answer)
    except TokenValidationException as error:
        status = Exit.UNAVAILABLE if isinstance(error, KeysUnavailableException) else Exit.REFUSED
        members = {"code": error.code, "details": error.details}
        return Verdict(f"refused: {error.message} [{error.code}]", status, members)


def _access_token_verdict(case: _Case, http_client: HTTPClient) -> Verdict:
    verifier = _verifier(case, http_client)
    verifier.verify_token(case.token, scopes=case.wanted.scopes)
    if case.wanted.audience or case.wanted.client_ids or case.wanted.is_said_by_preset:
        return Verdict("accepted", Exit.DONE)
    return Verdict("accepted by an API of this audience; yours was not named", Exit.DONE)


def _verifier(case: _Case, http_client: HTTPClient) -> AccessTokenVerifier:
    audience, clients = case.wanted.audience, case.wanted.client_ids
    own = case.claim("aud")
    if not audience and not clients and not case.wanted.is_said_by_preset:
        named = own if isinstance(own, list) else [own]
        audience = tuple(one for one in named if isinstance(one, str) and one)
        client = next((one for one in (case.claim("client_id"), case.claim("azp")) if one), "-")
        clients = () if audience else (str(client),)
    return AccessTokenVerifier(
        case.wanted.issuer,
        audience or None,
        client_ids=clients or None,
        profile="rfc9068" if case.wanted.profile == "rfc9068" else "access-token",
        accept_id_tokens_as_access_tokens=case.wanted.accept_id_tokens,
        leeway=case.wanted.leeway,
        http_client=http_client,
        cold_timeout=20.0,
    )


def _id_token_verdict(case: _Case, http_client: HTTPClient) -> Verdict:
    issuer = case.wanted.issuer
    address = issuer.document_address if isinstance(issuer, Provider) else issuer
    config = TokenValidationConfig(
        perform_disco=True, audience=case.wanted.client_id, leeway=case.wanted.leeway
    )
    nonce = case.wanted.nonce or case.claim("nonce")
    validate_id_token(case.token, config, address, http_client, nonce=nonce)
    return Verdict("accepted", Exit.DONE)


def _remedy(error: PyIdentityModelException) -> str:
    return EXPLANATIONS[error.code].remedy if error.code in EXPLANATIONS else ""


def command(
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    audience: Annotated[
        list[str] | None,
        typer.Option("--audience", "-a", envvar="OIDC_AUDIENCE", help="A name of the API."),
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", "-s", help="A scope that the request needs.")
    ] = None,
    accepted_client: Annotated[
        list[str] | None,
        typer.Option("--accept-client", help="A client whose tokens are accepted without aud."),
    ] = None,
    id_token_for: Annotated[
        str | None,
        typer.Option("--id-token-for", help="Judge an ID token, for the client of this id."),
    ] = None,
    nonce: Annotated[str | None, typer.Option("--nonce", help="The nonce of the login.")] = None,
    strict: Annotated[bool, typer.Option("--rfc9068", help="By RFC 9068 alone.")] = False,
    accept_id_tokens: Annotated[
        bool, typer.Option("--accept-id-tokens", help="Accept ID tokens as access tokens.")
    ] = False,
    leeway: Annotated[float, typer.Option("--leeway", help="Tolerance of clocks, seconds.")] = 60.0,
    token_file: inputs.TokenFile = None,
    as_json: inputs.Json = False,
) -> None:
    """Say why a token is refused: every check, with what was found and what was expected.

    The token comes by standard input (or OIDC_TOKEN, or --token-file), never as an argument:
    pbpaste | py-identity-model verify -i https://auth.example.com -a my-api
    """
    with Output(as_json) as out:
        wanted = Expectations(
            inputs.trusted(issuer, preset),
            tuple(audience or ()),
            tuple(accepted_client or ()),
            tuple(scope or ()),
            "rfc9068" if strict else "access-token",
            accept_id_tokens,
            leeway,
            id_token_for,
            nonce,
        )
        token = inputs.read_token(token_file)
        with out.waiting("asking the issuer for its keys"):
            report = judge(token, wanted)
        out.show(report)
