"""The Redis of the other tests."""

from tests.redis.conftest import port as port
