"""Renewals that would wait for themselves."""

from __future__ import annotations

from contextvars import Context

import pytest

from py_identity_model._sessions.renewal_guard import renewing
from py_identity_model.exceptions import ConfigurationException
from tests.support import refused

OWNER = object()


def test_a_renewal_within_itself_is_refused() -> None:
    with (
        refused(ConfigurationException, "client_waits_for_itself"),
        renewing(OWNER, "a"),
        renewing(OWNER, "a"),
    ):
        pytest.fail("it would wait for ever")


def test_other_renewals_may_run_within_one() -> None:
    with renewing(OWNER, "a"), renewing(OWNER, "b"), renewing(object(), "a"):
        pass


def test_one_renewal_after_another_is_none_within_itself() -> None:
    for _ in range(2):
        with renewing(OWNER, "a"):
            pass


def test_a_failure_that_hides_the_cause_is_replaced_by_it() -> None:
    with refused(ConfigurationException, "client_waits_for_itself"), renewing(OWNER, "a"):
        try:
            with renewing(OWNER, "a"):
                pass
        except ConfigurationException:
            raise ValueError("the endpoint failed") from None


def test_any_other_failure_passes_as_it_is() -> None:
    with pytest.raises(ValueError, match="down"), renewing(OWNER, "a"):
        raise ValueError("down")
    with renewing(OWNER, "a"):
        pass


def test_renewals_of_other_tasks_do_not_count() -> None:
    def elsewhere() -> None:
        with renewing(OWNER, "a"):
            pass

    with renewing(OWNER, "a"):
        Context().run(elsewhere)
