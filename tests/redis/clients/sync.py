"""What the blocking suite needs of redis-py."""

from redis import Redis as Redis
