# Generated from aio/redis_session_store.py by scripts/make_sync.py; edit that file.
"""Records of logins in Redis, shared between processes."""

from __future__ import annotations

import hashlib
import time

from .._sessions.session_record import SessionRecord
from .._wire.stored_value import unreadable_error
from ..exceptions import ConfigurationException
from .redis_values import RedisValues, milliseconds
from .session_store import index_keys, is_wanted

# KEYS: the record, then its indexes. ARGV: the name, the expected version or nothing, the version,
# the sealed record, its milliseconds to live, the time in milliseconds. An index is a sorted set of
# names by their expiry, so that it does not grow with expired logins.
_SET = """
local stored = redis.call('HGET', KEYS[1], 'version')
if (stored or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'record', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
local now, ends = tonumber(ARGV[6]), tonumber(ARGV[6]) + tonumber(ARGV[5])
for place = 2, #KEYS do
  redis.call('ZREMRANGEBYSCORE', KEYS[place], '-inf', now)
  redis.call('ZADD', KEYS[place], ends, ARGV[1])
  if redis.call('PTTL', KEYS[place]) < tonumber(ARGV[5]) then
    redis.call('PEXPIRE', KEYS[place], ARGV[5])
  end
end
return 1
"""


class RedisSessionStore(RedisValues):
    """Stores logins in Redis, for all processes that use it: an :class:`SessionStore`.

    A single script compares the version, writes, and sets the expiry and the indexes by ``sub`` and
    ``sid``, whose values are hashed.  On a cluster, put a hash tag into the ``prefix``.

    The parameters and exceptions are those of :class:`RedisTokenStore`.

    Example::

        sessions = RedisSessionStore(
            redis_client, encrypt=fernet.encrypt, decrypt=fernet.decrypt
        )
    """

    def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none.

        Example::

            record = sessions.get("name")
        """
        found = self._client.hmget(self._place(name), ["version", "record"])
        if found[1] is None:
            return None
        try:
            record = SessionRecord.unpack(name, self._from_stored(found[1]))
        except ValueError as error:
            raise unreadable_error() from error
        if found[0] is None or str(record.version) != _text(found[0]):
            raise unreadable_error()
        return record

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored version is ``expected``; return whether it did.

        Example::

            stored = sessions.set("name", SessionRecord(version=1), None, 60)
        """
        self.check_scripts()
        keys = [self._place(name), *self._indexes(record.subject, record.session_id)]
        stored = self._client.eval(
            _SET,
            len(keys),
            *keys,
            name,
            "" if expected is None else str(expected),
            str(record.version),
            self._to_stored(record.pack(name)),
            str(milliseconds(expires_in)),
            str(int(time.time() * 1000)),
        )
        return bool(stored)

    def delete(self, name: str) -> None:
        """Delete the record.

        Example::

            sessions.delete("name")
        """
        self._client.delete(self._place(name))

    def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both.

        Example::

            names = sessions.find_by(sub="alice")
        """
        index_keys(sub, sid)
        found: list[str] = []
        for name in self._client.zrange(self._indexes(sub, sid)[0], 0, -1):
            try:
                record = self.get(_text(name))
            except ConfigurationException:  # its end fails; the others can be ended
                found.append(_text(name))
                continue
            if record is not None and is_wanted(record, sub, sid, issuer):
                found.append(_text(name))
        return found

    def _place(self, name: str) -> str:
        return f"{self._prefix}session:{name}"

    def _indexes(self, sub: str | None, sid: str | None) -> list[str]:
        named = [(kind, value) for kind, value in (("sid", sid), ("sub", sub)) if value is not None]
        return [f"{self._prefix}session-{kind}:{_hash(value)}" for kind, value in named]


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
