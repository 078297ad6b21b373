"""The head of a request, held back so that it leaves together with the body."""

from __future__ import annotations


class Head:
    """What was held back on one connection.

    httpcore writes a head, and then the body or nothing: two packets for what fits into one.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def joined(self, buffer: bytes) -> bytes:
        """Return what is to be written now that ``buffer`` was handed over."""
        if not self._held and buffer.endswith(b"\r\n\r\n"):
            self._held = buffer
            return b""
        return self.rest() + buffer

    def rest(self) -> bytes:
        """Return what is still held back."""
        held, self._held = self._held, b""
        return held
