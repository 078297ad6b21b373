"""What the awaitable suite needs of redis-py."""

from redis.asyncio import Redis as Redis
