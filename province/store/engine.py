"""Opening a store: URLs, connections, tables, upgrades.

SQLite: WAL, `synchronous=FULL`, every transaction of a writer starts with BEGIN IMMEDIATE, so two
receivers on one file queue up instead of failing half-way. PostgreSQL: psycopg 3, READ COMMITTED
and row locks.

Nothing waits without a limit: connecting, a statement, a lock, a silent connection. A pooler such
as pgbouncer may give each transaction another connection to the server. So statements are not
prepared, and limits are set in each transaction (`set_limits`): a pooler refuses them at connecting
and keeps them too long when they are set for a session.
"""

import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from province.errors import ProvinceCode, StoreError, StoreUrlError
from province.store import failure, sqlite_file
from province.store.file_content import FileContent
from province.store.tables import (
    BACKEND_DDL,
    FORMAT,
    FORMAT_OF_ALEMBIC,
    alembic_version,
    format_,
    schema,
)
from province.store.watch import Watch
from sync.missing_extra import pip_line
from sync.open_files import OpenFiles
from sync.sentence import Sentence
from sync.store_port import Cause

BUSY_MS = 2_000
"""How long a SQLite writer waits for another one: longer than a group takes, and short enough for a
stop. The receiver tries again."""
CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT_MS = 500
"""How long a statement waits for a lock. A pad that another receiver has locked is not waited for
(`store.py`), so this is another program's lock."""
STATEMENT_TIMEOUT_MS = 5_000
IDLE_TIMEOUT_MS = 10_000
"""After so long the server ends a transaction whose receiver has gone silent, and its locks."""

_POSTGRESQL = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "client_encoding": "utf8",
    "prepare_threshold": None,
    # For a peer that is gone without a word: unacknowledged data, then an idle connection.
    "tcp_user_timeout": 5_000,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""Parameters of libpq and psycopg; the store's URL may name others beside them."""

_SET_LIMITS = (
    f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', true),"
    f" set_config('statement_timeout', '{STATEMENT_TIMEOUT_MS}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE_TIMEOUT_MS}', true)"
)

_FILES = "files"
"""Where a connection's `info` has its `OpenedStore`."""

_CREATION_LOCK = 0x7261_7469_6E67
"""Advisory lock (the letters `rating`) under which PostgreSQL's tables are made or upgraded."""


class OpenedStore(NamedTuple):
    """What a SQLite writer looks at before and after each transaction: the files that its
    connection has open, and the content that all of the engine's connections have in common.
    """

    files: OpenFiles
    content: FileContent
    path: Path


def connect(url: str, *, read_only: bool = False, watch: Watch | None = None) -> sa.Engine:
    """An engine for the store at `url`; its tables exist afterwards, in this version's format.

    `read_only`: never creates, never writes, never waits for a writer's lock. `watch`: ends the
    waiting for a database that does not answer.
    Raises StoreUrlError (P01), StoreError (P02 not reachable, P03 another database, P05 no driver,
    P10 no answer, P11 not UTF8, P12 locked, P18 to P20 for what is wrong with SQLite's file).
    """
    watch = watch or Watch()
    engine = _engine(_parse(url), read_only, watch)
    try:
        with engine.connect() as connection:
            _check_encoding(connection, url)
            tables = set(sa.inspect(connection).get_table_names())
        if not tables and not read_only:
            _create(engine)
        _check(engine, url, read_only)
    except DBAPIError as error:
        engine.dispose()
        code = failure.SILENT.code if watch.silent else _code_at_start(error.orig)
        raise StoreError(f"{_shown(url)}: {error.orig}", code) from error
    except StoreError:
        engine.dispose()
        raise
    return engine


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise StoreUrlError(url) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in BACKEND_DDL:
        raise StoreUrlError(_shown(url))
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreUrlError(Sentence("{url} names no file", url=url))
    return parsed


def _shown(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


def _code_at_start(error: BaseException | None) -> ProvinceCode:
    """A store that cannot be opened is not reachable, unless more is known."""
    code = failure.of_driver(error).code
    return ProvinceCode.STORE_ABSENT if code is ProvinceCode.STORE_WRITE else code


def _engine(url: sa.URL, read_only: bool, watch: Watch) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(Path(url.database or ""), read_only)
    try:
        from province.store.watched_connection import WatchedConnection

        engine = sa.create_engine(url, connect_args=_POSTGRESQL)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        detail = f"{error}: `{pip_line('psycopg')}`"
        raise StoreError(detail, ProvinceCode.BACKEND_MISSING) from error

    @sa.event.listens_for(engine, "do_connect")
    def open_connection(_: object, __: object, args: Any, parameters: Any) -> WatchedConnection:
        return WatchedConnection.open(watch, *args, **parameters)

    if read_only:
        engine = engine.execution_options(postgresql_readonly=True)
    return engine


def _sqlite(path: Path, read_only: bool) -> sa.Engine:
    sqlite_file.check_path(path, read_only=read_only)
    uri = sqlite_file.uri(path, read_only=read_only)

    def open_file() -> sqlite3.Connection:
        return sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,  # transactions are begun by the event below, not by the module
            timeout=BUSY_MS / 1000,
            check_same_thread=False,  # the pool hands a connection to one thread at a time
        )

    engine = sa.create_engine("sqlite://", creator=open_file, poolclass=sa.QueuePool)
    content: list[FileContent] = []  # made with the first connection, and kept for the later ones

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        else:
            sqlite_file.use_wal(cursor)
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("SELECT count(*) FROM sqlite_schema")  # makes the WAL
            content[:] = content or [FileContent(path)]
            entry.info[_FILES] = OpenedStore(OpenFiles(path), content[0], path)
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        check_files(files_of(connection))
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def files_of(connection: sa.Connection) -> OpenedStore | None:
    """The files that a SQLite writer's connection has open; None for the others."""
    opened: OpenedStore | None = connection.info.get(_FILES)
    return opened


def check_files(opened: OpenedStore | None) -> None:
    """Raises StoreError (P21) when a file is not at its path any more, or when another program has
    written the store's file over: what is stored in it would be gone at the next start. To be
    called before a transaction and after its commit.
    """
    if opened is None:
        return
    wrong = opened.files.displaced()
    if wrong is None and opened.content.is_overwritten():
        wrong = Sentence(
            "{path} was overwritten by another program while it was in use", path=opened.path
        )
    if wrong is not None:
        raise StoreError(wrong, ProvinceCode.STORE_DISPLACED, Cause.SETUP)


def set_limits(connection: sa.Connection) -> None:
    """Limit what the rest of this transaction waits for (SQLite's limit is the connection's)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_SET_LIMITS)


def _check_encoding(connection: sa.Connection, url: str) -> None:
    """Refuse a PostgreSQL database that cannot hold every text. Raises StoreError (P11)."""
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            why = Sentence("{url} has {encoding}", url=_shown(url), encoding=encoding)
            raise StoreError(why, ProvinceCode.STORE_ENCODING, Cause.SETUP)


def _create(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        backend = engine.dialect.name
        _lock_tables(connection)
        if sa.inspect(connection).get_table_names():
            return  # another receiver was first
        schema.create_all(connection)
        for statement in BACKEND_DDL[backend]:
            connection.exec_driver_sql(statement)
        if backend == "postgresql":
            _tune_postgresql(connection)
        connection.execute(alembic_version.insert().values(version_num=FORMAT))
        connection.execute(format_.insert().values(version=FORMAT_OF_ALEMBIC))


def _lock_tables(connection: sa.Connection) -> None:
    """Until the commit no other process creates or upgrades. On SQLite, BEGIN IMMEDIATE has locked
    the whole file already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATION_LOCK)))


def _tune_postgresql(connection: sa.Connection) -> None:
    """Compress batches with lz4 where the server was built with it (Debian's is)."""
    methods: Any = connection.exec_driver_sql(
        "SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'"
    ).scalar()
    if methods and "lz4" in methods:
        connection.exec_driver_sql("ALTER TABLE batch ALTER COLUMN body SET COMPRESSION lz4")


def _check(engine: sa.Engine, url: str, read_only: bool) -> None:
    """Refuse what is no store or has a format unknown here; upgrade an older store."""
    with engine.connect() as connection:
        version = _known_version(connection, url)
    if version == FORMAT:
        return  # the usual start: Alembic stays unloaded
    if read_only:
        why = Sentence(
            "{misfit}; `ratingpad-province receive` upgrades it", misfit=_misfit(url, version)
        )
        raise StoreError(why, ProvinceCode.STORE_FOREIGN)
    from province.store.upgrade import upgrade

    with engine.begin() as connection:
        _lock_tables(connection)
        version = _known_version(connection, url)
        if version != FORMAT:  # no other receiver was first
            upgrade(connection, version)


def _known_version(connection: sa.Connection, url: str) -> str:
    """The store's format, this one or an older one. Raises StoreError (P03)."""
    version = _version(connection)
    if version is None:
        raise StoreError(
            Sentence("{url} has no store's tables", url=_shown(url)), ProvinceCode.STORE_FOREIGN
        )
    if version != FORMAT:
        from province.store.upgrade import known_formats

        if version not in known_formats():
            raise StoreError(_misfit(url, version), ProvinceCode.STORE_FOREIGN)
    return version


def _misfit(url: str, version: str) -> Sentence:
    return Sentence(
        "{url} has format {version}, not {format}",
        url=_shown(url),
        version=version,
        format=FORMAT,
    )


def _version(connection: sa.Connection) -> str | None:
    """The format that a store says it has, known here or not; None where there is no store.

    `batch` is asked for because `format` may be another application's.
    """
    names = set(sa.inspect(connection).get_table_names())
    if "batch" not in names:
        return None
    if alembic_version.name in names:
        rows = connection.execute(sa.select(alembic_version.c.version_num)).scalars().all()
        return ", ".join(rows) or "unknown"
    if "format" in names:  # formats 1 and 2, from before Alembic
        number = connection.execute(sa.select(format_.c.version)).scalar() or 0
        before_alembic = 1 <= number < FORMAT_OF_ALEMBIC
        return str(number) if before_alembic else f"{number} (in the table `format`)"
    return None
