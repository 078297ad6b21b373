"""A model of holders, store and provider: which refresh tokens are presented, whatever fails.

A refresh token is never presented once its successor is known to a holder or to the store.  Where
its answer is unknown, it may be presented once more, at most once for each interruption.
"""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from py_identity_model import MemorySessionStore, SessionRecord
from py_identity_model._activities import Activity
from py_identity_model._sessions.session_record import Renewal, login_required_error
from py_identity_model.exceptions import NetworkException, PyIdentityModelException
from py_identity_model.sync import session_records
from py_identity_model.sync._cache.single_flight import SingleFlight
from py_identity_model.sync.session_records import SessionRecords
from tests.support import Clock

NAME = "alice"
LEASE = 60.0
HOLDERS = st.integers(0, 2)
# A renewal reads, marks, presents, and stores; a failed write is read again.
AT_THE_MARK = [["", "before"], ["", "after"], ["", "after", "get"]]
AT_THE_END = [
    ["", "", "before"],
    ["", "", "before", "get"],
    ["", "", "after"],
    ["", "", "after", "get"],
]
FAULTS: st.SearchStrategy[list[str]] = st.one_of(
    st.just([]),
    st.sampled_from(AT_THE_MARK + AT_THE_END),
    st.lists(st.sampled_from(["", "", "get", "before", "after"]), max_size=7),
)
OUTCOMES = ["answer"] * 4 + ["unusable"] * 2 + ["unsent", "lost", "killed before", "killed after"]


class Killed(BaseException):
    """The process is gone; nothing of it runs any more."""


class Connection:
    """A store as one process sees it: its calls may fail, before or after they did something."""

    def __init__(self, shared: MemorySessionStore) -> None:
        self.shared = shared
        self.faults: list[str] = []
        self.dead = False

    def _fault(self) -> str:
        if self.dead:
            raise Killed
        return self.faults.pop(0) if self.faults else ""

    def get(self, name: str) -> SessionRecord | None:
        if self._fault() == "get":
            raise ConnectionError
        return self.shared.get(name)

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        fault = self._fault()
        if fault == "before":
            raise ConnectionError
        stored = self.shared.set(name, record, expected, expires_in)
        if fault == "after":
            raise TimeoutError
        return stored

    def delete(self, name: str) -> None:
        self.shared.delete(name)

    def lock(self, name: str) -> AbstractContextManager[Any]:
        return self.shared.lock(name)

    def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        return []


class Holder:
    """A process: what it has seen, and the refresh tokens that it knows."""

    def __init__(self, shared: MemorySessionStore, clock: Clock, seen: int) -> None:
        self.connection = Connection(shared)
        self.records = SessionRecords(self.connection, 1e6, lambda: LEASE)
        self.records.storage.clock = clock
        self.lineage = self.records.storage.lineages.of(NAME)
        self.seen = seen
        self.known: set[int] = set()

    def learn(self, record: SessionRecord) -> None:
        self.seen = max(self.seen, record.version)
        if record.refresh_token is not None:
            self.known.add(int(record.refresh_token))


class Lineage(RuleBasedStateMachine):
    """Refresh tokens are numbers: the successor of a token is greater."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(SingleFlight, "run_in_background", lambda *_: None)
        self.patch.setattr(session_records, "sleep", lambda seconds: None)
        self.clock = Clock()
        self.shared = MemorySessionStore()
        self.holders: list[Holder] = []
        self.newest = 0
        self.made = itertools.count(1)
        self.presented: Counter[int] = Counter()
        self.interrupted: Counter[int] = Counter()
        self.is_revoked = self.is_answer_lost = False

    def teardown(self) -> None:
        self.patch.undo()

    @initialize()
    def begin(self) -> None:
        self.holders = [Holder(self.shared, self.clock, 0) for _ in range(3)]
        record = self.holders[0].records.storage.begin(NAME, SessionRecord(refresh_token="0"))
        for holder in self.holders:
            holder.learn(record)

    @rule(index=HOLDERS, faults=FAULTS, outcome=st.sampled_from(OUTCOMES))
    def renew_in_trouble(self, index: int, faults: list[str], outcome: str) -> None:
        self._renew(index, faults, outcome)

    def _renew(self, index: int, faults: list[str], outcome: str) -> None:
        holder = self.holders[index]
        holder.connection.faults = list(faults)

        def present(record: SessionRecord) -> Renewal:
            return self.present(holder, record, outcome)

        try:
            with suppress(PyIdentityModelException):
                running = Activity("renewal", "login")
                holder.learn(
                    holder.records._renew(
                        NAME, present, lambda _: False, holder.seen, None, None, running
                    )
                )
        except Killed:
            self.replace(index)
        holder.connection.faults = []

    def present(self, holder: Holder, record: SessionRecord, outcome: str) -> Renewal:
        token = int(record.refresh_token or "-1")
        stored = self.shared.get(NAME)
        assert not any(known > token for one in self.holders for known in one.known)
        assert stored is None or int(stored.refresh_token or "-1") <= token
        if outcome == "killed before":
            self.interrupted[token] += 1
            holder.connection.dead = True
            raise Killed
        if outcome == "unsent":
            self.interrupted[token] += 1
            raise NetworkException("unsent")
        self.presented[token] += 1
        assert self.presented[token] <= 1 + self.interrupted[token]
        successor = self.exchange(token)
        if outcome in {"lost", "killed after"}:
            self.interrupted[token] += 1
            self.is_answer_lost = True
            holder.connection.dead = outcome != "lost"
            raise Killed if holder.connection.dead else NetworkException("lost")
        if successor is None:
            ended = replace(record, refresh_token=None, refused=True)
            return Renewal(ended, login_required_error("refused"))
        holder.known.add(successor)
        error = login_required_error("unusable") if outcome == "unusable" else None
        return Renewal(replace(record, refresh_token=str(successor)), error)

    def exchange(self, token: int) -> int | None:
        """Return the successor; a spent token ends the login."""
        self.is_revoked = self.is_revoked or token != self.newest
        if self.is_revoked:
            return None
        self.newest = next(self.made)
        return self.newest

    def replace(self, index: int) -> None:
        """Start a process again where one was killed: it knows the name and version alone."""
        holder = self.holders[index]
        unsaved = holder.records.storage._unsaved.get(NAME)
        stored = self.shared.get(NAME)
        if unsaved is not None and (stored is None or unsaved.is_newer_than(stored)):
            self.is_answer_lost = True
            self.interrupted[int(unsaved.spent or "-1")] += 1
        self.holders[index] = Holder(self.shared, self.clock, holder.seen)

    @rule(index=HOLDERS)
    def renew_in_peace(self, index: int) -> None:
        self._renew(index, [], "answer")

    @rule(index=HOLDERS)
    def kill(self, index: int) -> None:
        self.replace(index)

    @rule(index=HOLDERS, faults=FAULTS)
    def load(self, index: int, faults: list[str]) -> None:
        holder = self.holders[index]
        holder.connection.faults = list(faults)
        with suppress(PyIdentityModelException):
            holder.learn(holder.records.storage.load(NAME, holder.seen))
        holder.connection.faults = []

    @rule(index=HOLDERS)
    def begin_again(self, index: int) -> None:
        """Make the login of its first tokens again, where a newer one is known."""
        holder = self.holders[index]
        if max(holder.known, default=0) > 0:
            with suppress(PyIdentityModelException):
                holder.learn(holder.records.storage.begin(NAME, SessionRecord(refresh_token="0")))

    @rule(index=HOLDERS, faults=FAULTS)
    def touch(self, index: int, faults: list[str]) -> None:
        holder = self.holders[index]
        holder.connection.faults = list(faults)
        with suppress(PyIdentityModelException):
            holder.learn(holder.records.update(NAME, holder.seen, lambda record: record))
        holder.connection.faults = []

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE]))
    def wait(self, seconds: float) -> None:
        """Let time pass: who could not store a successor does so as soon as it can."""
        for holder in self.holders:
            unsaved = holder.records.storage._unsaved.get(NAME)
            if unsaved is not None and seconds == LEASE:
                with suppress(PyIdentityModelException):
                    holder.records.storage._store(NAME, unsaved)
        self.clock.now += seconds

    @rule(index=HOLDERS, how=st.sampled_from(["", "", "", "", "", "", "flush", "log out"]))
    def end(self, index: int, how: str) -> None:
        if how == "flush":
            self.shared.delete(NAME)
        if how == "log out":
            with suppress(PyIdentityModelException):
                self.holders[index].records.remove(NAME, self.holders[index].seen)
                assert self.shared.get(NAME) is None

    @invariant()
    def a_login_is_revoked_only_after_its_answer_was_lost(self) -> None:
        assert not self.is_revoked or self.is_answer_lost


TestLineage = Lineage.TestCase
TestLineage.settings = settings(max_examples=400, stateful_step_count=25)
