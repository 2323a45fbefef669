"""A connection to PostgreSQL on which nothing is waited for without limit.

psycopg waits in one place, `Connection.wait`, which resumes its generator ten times a second while
nothing arrives. The generator is wrapped, and the wrapper ends it when the `Watch` says so.

Imports psycopg, and is imported for a PostgreSQL store only.
"""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

from province.store.watch import Watch

T = TypeVar("T")


class WatchedConnection(psycopg.Connection[Any]):
    """Raises psycopg.OperationalError and is closed when the server is silent for too long."""

    watch: Watch | None = None

    @classmethod
    def open(cls, watch: Watch, *args: Any, **parameters: Any) -> "WatchedConnection":
        """Connect, with the parameters of `psycopg.connect`; `connect_timeout` is the limit."""
        connection = cls.connect(*args, **parameters)
        connection.watch = watch
        return connection

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        """Wait for `gen`, as psycopg does, while `watch` allows it."""
        if self.watch is None:
            return super().wait(gen, *args, **options)
        return super().wait(self._watched(gen, self.watch), *args, **options)

    def _watched(self, gen: Generator[Any, Any, T], watch: Watch) -> Generator[Any, Any, T]:
        since_s = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    since_s = time.monotonic()
                elif why := watch.why_to_stop(since_s):
                    gen.close()
                    watch.silent = True
                    self.close()
                    raise psycopg.OperationalError(why)
                wanted = gen.send(ready)
        except StopIteration as result:
            value: T = result.value
            return value
