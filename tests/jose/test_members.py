"""Members that are looked up, and not read."""

from __future__ import annotations

from py_identity_model._jose.members import has_members


class Elsewhere:
    kid = None

    def __init__(self) -> None:
        self.own = 1

    @property
    def algorithm(self) -> str:
        raise OSError("the service does not answer")


def test_a_member_is_found_without_being_read() -> None:
    assert has_members(Elsewhere(), "kid", "own", "algorithm")


def test_a_member_that_is_not_there_is_missed() -> None:
    assert not has_members(Elsewhere(), "algorithm", "sign")
    assert not has_members("ES256", "algorithm")
