"""The seam: everything in which the two APIs genuinely differ.

``aio`` and ``sync`` are twins: the same names, taking the same parameters.  Nothing else in
the package imports anyio, asyncio, trio or concurrent.futures, but the adapter of a library that is
made for one (``integrations.grpc``).  ``scripts/make_sync.py`` turns
``from .._seam.aio import X`` into ``from .._seam.sync import X``.
"""


class UnusableCallbackError(TypeError):
    """A callback of the blocking API returned an awaitable, for which nothing waits there."""
