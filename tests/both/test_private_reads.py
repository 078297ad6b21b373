"""Which private attributes tests read, and why nothing public tells the same.

Tests that read the inside of an object break when it is rewritten.  What can be seen by
behaviour or in a public number is tested by that; the rest is listed here.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
OF_NAMED_TUPLES = {"_replace", "_asdict", "_fields"}
LISTED: dict[str, dict[str, str]] = {
    "aio/test_access_token_verifier.py": {"_issuers _rules": "the bound of a memory"},
    "aio/test_configured_client.py": {
        "_client": "the settings of a client, which it need not show"
    },
    "aio/test_file_store.py": {
        "_lock": "a lock that its holder loses",
        "_write": "a damaged file, whose name is a secret of the store",
    },
    "aio/test_lock_waits.py": {"_key": "the name that another holder of a store's lock would use"},
    "aio/test_mcp_auth.py": {
        "_key _tokens _values": "a store that a stranger writes to, who knows all names",
    },
    "aio/test_presets.py": {"_keys _kids": "forged keys that have the names of others"},
    "aio/test_provider_cache.py": {
        "_Registry _forget_parent _lock": "a fork",
        "_keys": "signatures over bytes that no provider would sign",
        "_respond": "answers without a connection",
    },
    "aio/test_replay_store.py": {"_most _once": "the bound of a memory"},
    "aio/test_session.py": {
        "_entries": "a store that changes while a renewal is under way",
    },
    "aio/test_session_records.py": {
        "_holder": "the mark of a process",
        "_unsaved": "a moment between two steps of another call",
    },
    "aio/test_single_flight.py": {
        "_execute": "a call that is stopped, as by the end of its event loop",
        "_forget_parent _lock": "a fork",
    },
    "aio/test_tls.py": {"_forget_parent _lock": "a fork, and a lock held by another thread"},
    "aio/test_token_cache.py": {
        "_entries": "the end of an entry, which callers see only as a second verification",
        "_forget_parent _lock": "a fork",
    },
    "aio/test_token_headers.py": {
        "_last _refused": "a refusal that was forgotten, and may be repeated only much later",
    },
    "aio/test_token_source.py": {
        "_claims": "a method of the test's own class",
        "_key": "the name of a login that was never stored",
        "_made_in": "a fork",
        "_renew": "a renewal that lasts until the token has expired",
        "_store _values": "a store that loses everything",
    },
    "aio/test_token_validation.py": {
        "_keys": "signatures over bytes that no provider would sign",
    },
    "aio/test_web_login.py": {
        "_browsers _pause _pauses": "the bound of a memory, and its clock",
        "_sealer": "the clock of a login, which programs need not set",
    },
    "aio/test_web_logouts.py": {
        "_oauth": "the lifetimes of a provider's tokens",
        "_sessions": "a store that must stay empty, of a client made by a login",
    },
    "aio/test_world_tokens.py": {"_kids": "forged keys that have the names of others"},
    "both/test_documents.py": {
        "_key": "a private key in another form",
        "_transport": "a client that an example makes",
    },
    "both/test_lineage.py": {"_renew _store _unsaved": "the model drives each step by itself"},
    "both/test_secrets.py": {"_current": "a token that no provider sends"},
    "both/test_seed_migration.py": {"_transport": "a connection pool of httpx"},
    "both/test_verifier_refusals.py": {"_issuers": "a defect of our own"},
}


def private_reads(source: str) -> set[str]:
    """Return the private attributes that code reads or sets, but for its own."""
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    return {
        node.attr
        for node in found
        if node.attr.startswith("_")
        and not node.attr.startswith("__")
        and node.attr not in OF_NAMED_TUPLES
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
    }


@pytest.mark.parametrize("suite", ["aio", "both"])
def test_only_listed_private_attributes_are_read(suite: str) -> None:
    read = {
        f"{suite}/{path.name}": found
        for path in (TESTS / suite).glob("*.py")
        if (found := private_reads(path.read_text()))
    }
    listed = {file: set(" ".join(one).split()) for file, one in LISTED.items()}
    assert read == {file: names for file, names in listed.items() if file.startswith(suite)}


def test_a_private_read_is_found_and_an_own_attribute_is_not() -> None:
    assert private_reads("a.b._c.d; self._e; f()._g = 1; h.__doc__; i._replace()") == {"_c", "_g"}
