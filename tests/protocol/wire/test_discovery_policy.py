"""Policies: what is strict by default, and what two policies share."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest

from py_identity_model import DiscoveryPolicy
from py_identity_model._wire.discovery_policy import (
    NAMED_BY_PROGRAM,
    copy_policy,
    extend_policy,
    named_by_program,
)

OTHER: dict[str, Any] = {
    "additional_endpoint_base_addresses": ["https://keys.example"],
    "authority": "https://op.example",
    "expected_issuer": "https://op.example",
}


def test_the_usual_policy_is_strict() -> None:
    policy = DiscoveryPolicy()
    allowed = {one.name for one in fields(policy) if getattr(policy, one.name) is True}
    assert allowed == {
        *("require_https", "allow_http_on_loopback", "validate_issuer"),
        *("validate_endpoints", "require_key_set"),
    }


@pytest.mark.parametrize("name", [one.name for one in fields(DiscoveryPolicy)])
def test_every_rule_is_part_of_the_key(name: str) -> None:
    usual = DiscoveryPolicy()
    changed = replace(usual, **{name: OTHER.get(name, not getattr(usual, name))})
    assert changed.cache_key() != usual.cache_key()
    assert hash(changed.cache_key()) == hash(replace(changed).cache_key())


def test_equal_policies_share_the_key_of_the_usual_ones() -> None:
    assert DiscoveryPolicy().cache_key() is DiscoveryPolicy().cache_key()
    assert replace(NAMED_BY_PROGRAM).cache_key() is NAMED_BY_PROGRAM.cache_key()


def test_an_issuer_that_the_program_names_decides_where_its_endpoints_are() -> None:
    assert named_by_program(None) is NAMED_BY_PROGRAM
    assert NAMED_BY_PROGRAM.allow_endpoints_on_other_hosts
    assert not NAMED_BY_PROGRAM.require_key_set
    strict = DiscoveryPolicy(validate_issuer=True, allow_http_on_loopback=False)
    own = named_by_program(strict)
    assert own.allow_endpoints_on_other_hosts
    assert not own.allow_http_on_loopback
    assert not strict.allow_endpoints_on_other_hosts  # the caller's own object stays as it was


def test_policies_share_no_list() -> None:
    one, other = DiscoveryPolicy(), DiscoveryPolicy()
    one.additional_endpoint_base_addresses.append("https://keys.example")
    assert other.additional_endpoint_base_addresses == []


def test_a_policy_is_one_hashable_value() -> None:
    one = DiscoveryPolicy(additional_endpoint_base_addresses=["https://a.example"])
    same = DiscoveryPolicy(additional_endpoint_base_addresses=["https://a.example"])
    assert hash(one.cache_key()) == hash(same.cache_key())
    rules = vars(DiscoveryPolicy())
    keys = set()
    for name in [name for name, default in rules.items() if isinstance(default, bool)]:
        policy = DiscoveryPolicy()
        setattr(policy, name, not rules[name])
        keys.add(policy.cache_key())
    assert len(keys) == 10


def test_a_policy_extended_by_a_presets_allows_what_either_does() -> None:
    own = DiscoveryPolicy(require_https=False, additional_endpoint_base_addresses=["https://b"])
    given = DiscoveryPolicy(
        additional_endpoint_base_addresses=["https://a"], allow_issuer_mismatch=True
    )
    extended = extend_policy(given, own)
    assert extended.additional_endpoint_base_addresses == ["https://a", "https://b"]
    assert (extended.require_https, extended.allow_issuer_mismatch) == (False, True)
    assert extend_policy(None, DiscoveryPolicy()) == DiscoveryPolicy()
    assert given.additional_endpoint_base_addresses == ["https://a"]


@dataclass
class WithHeaders(DiscoveryPolicy):
    """A policy of a program, with members of its own."""

    headers: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize("bases", [["https://a.example"], ("https://a.example",)])
@pytest.mark.parametrize("kind", [DiscoveryPolicy, WithHeaders])
def test_a_copy_is_equal_until_the_policy_changes(
    kind: type[DiscoveryPolicy], bases: list[str]
) -> None:
    policy = kind(additional_endpoint_base_addresses=bases, authority="https://b.example")
    copied = copy_policy(policy)
    assert copied == policy
    policy.authority = None
    assert copied.authority == "https://b.example"


def test_a_copy_shares_no_collection_with_the_policy() -> None:
    policy = WithHeaders(additional_endpoint_base_addresses=["https://a.example"])
    plain = DiscoveryPolicy(additional_endpoint_base_addresses=["https://a.example"])
    copies = copy_policy(policy), copy_policy(plain)
    for one in policy, plain:
        one.additional_endpoint_base_addresses.append("https://evil.example")
    policy.headers["a"] = "b"
    bases = [one.additional_endpoint_base_addresses for one in copies]
    assert bases == [["https://a.example"], ["https://a.example"]]
    assert copies[0] == WithHeaders(additional_endpoint_base_addresses=["https://a.example"])
