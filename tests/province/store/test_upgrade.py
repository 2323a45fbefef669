"""A store of an older format is upgraded, and then has the same rows as a new one."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from province.errors import ProvinceCode, StoreError
from province.store import ProvinceStore, open_store, tables, upgrade
from province.store.incidents import DROPPED
from province.store.tables import FORMAT
from province.verify import verify
from sync.entries import Channel
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    LedgerBuilder,
    clock,
    invited,
    lapsed,
    rated,
    without_time,
)

Open = Callable[[], ProvinceStore]

OLDER = ["1", "2", "3", "4"]
"""The formats whose DDL is kept in `formats/`, as the releases of that time issued it."""


def pads() -> list[LedgerBuilder]:
    """A window with ratings, a terminal, and a pad whose invitation has not arrived."""
    window = LedgerBuilder("pad-1", "01A").add(
        invited("i1", without_time(1)), rated("i1", when=without_time(2))
    )
    window.add(invited("i2"), lapsed("i2"), clock(3, NOON_MS + 3))
    terminal = LedgerBuilder("pad-2", "01B")
    terminal.add(invited("i3", channel=Channel.HALL_TERMINAL), rated("i3"))
    return [window, terminal, LedgerBuilder("pad-3", "01C").add(rated("i4"))]


@contextmanager
def database(store_url: str) -> Iterator[sa.Engine]:
    """The database, without what `open_store` does."""
    engine = sa.create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        yield engine
    finally:
        engine.dispose()


def ddl(format_number: str, backend: str) -> list[str]:
    """The statements that made a store of that format."""
    path = Path(__file__).parent / "formats" / f"format_{format_number}_{backend}.sql"
    return path.read_text("utf-8").split("\n;;\n")


def make_older(store_url: str, format_number: str) -> None:
    """Replace a closed store by one of an older format with the same rows."""
    with database(store_url) as engine, engine.connect() as connection:
        rows = {
            table: [dict(row._mapping) for row in connection.execute(sa.select(table))]
            for table in tables.schema.sorted_tables
            if table not in (tables.alembic_version, tables.format_)
        }
    if store_url.startswith("sqlite"):
        Path(store_url.removeprefix("sqlite:///")).unlink()
    with database(store_url) as engine, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        for statement in ddl(format_number, engine.dialect.name):
            connection.exec_driver_sql(statement)
        reflected = sa.MetaData()
        reflected.reflect(connection)
        for table, found in rows.items():
            old = reflected.tables[table.name]
            columns = {column.name for column in old.columns}
            for row in found:
                values = {name: value for name, value in row.items() if name in columns}
                connection.execute(old.insert().values(values))


def version_of(store_url: str) -> str:
    """The format's number, from whichever table has it."""
    with database(store_url) as engine, engine.connect() as connection:
        if tables.alembic_version.name in sa.inspect(connection).get_table_names():
            statement = "SELECT version_num FROM ratingpad_alembic_version"
        else:
            statement = "SELECT version FROM format"
        return str(connection.execute(sa.text(statement)).scalar_one())


def upgrades(caplog: pytest.LogCaptureFixture) -> int:
    """How many upgrades the log has."""
    return sum("upgrading format" in record.getMessage() for record in caplog.records)


def differences(connection: sa.Connection) -> list[Any]:
    """What Alembic would change so that the database is what `tables.py` says."""
    return list(compare_metadata(MigrationContext.configure(connection), tables.schema))


def beyond_tables(connection: sa.Connection) -> set[tuple[Any, ...]]:
    """Views, triggers and functions, which `compare_metadata` does not see."""
    if connection.dialect.name == "sqlite":
        statement = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')"
    else:
        statement = (
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
            " UNION SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'"
            " UNION SELECT proname, prosrc FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace"
        )
    return {
        tuple(" ".join(str(cell).split()) for cell in row)
        for row in connection.execute(sa.text(statement))
    }


@pytest.mark.parametrize("older", OLDER)
def test_an_upgraded_store_has_the_rows_of_one_of_this_format(
    opened: Open, store_url: str, older: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = opened()
    store.take([pad.arrival() for pad in pads()])
    before = store.ratings()
    channels = {row.invitation: row.channel for row in before}
    assert channels == {"i1": "hall_pad", "i2": "hall_pad", "i3": "hall_terminal", "i4": None}
    store.close()
    make_older(store_url, older)
    assert version_of(store_url) == older
    again = opened()
    assert version_of(store_url) == FORMAT
    assert again.ratings() == before
    assert verify(again).sound
    late = pads()[0].add(invited("i5"), rated("i5"))
    again.take([late.arrival(7)])
    assert verify(again).sound
    assert len(again.ratings()) == 5
    ratings = again.ratings()
    assert opened().ratings() == ratings  # opened once more: nothing is left to upgrade
    assert upgrades(caplog) == 1


@pytest.mark.parametrize("older", OLDER)
def test_the_migrations_make_what_tables_py_defines(
    opened: Open, store_url: str, older: str
) -> None:
    with opened().snapshot() as connection:
        assert differences(connection) == []
        made_new = beyond_tables(connection)
    assert len(made_new) >= 3
    opened().close()
    make_older(store_url, older)
    with opened().snapshot() as connection:
        assert differences(connection) == []
        assert beyond_tables(connection) == made_new


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE rating ADD COLUMN stars BIGINT",
        "ALTER TABLE rating DROP COLUMN channel",
        "DROP INDEX ledger_by_pad",
        "DROP TABLE anchor",
        "DROP TABLE format",
    ],
)
def test_a_difference_between_migrations_and_tables_is_noticed(
    store: ProvinceStore, change: str
) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(change)
        assert differences(connection)


def test_a_lost_trigger_is_noticed(store: ProvinceStore) -> None:
    with store.engine.begin() as connection:
        before = beyond_tables(connection)
        name = next(row for row in before if "TRIGGER" in "".join(row))
        trigger = name[1] if connection.dialect.name == "sqlite" else f"{name[0]} ON batch"
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        assert beyond_tables(connection) < before


@pytest.mark.parametrize("older", OLDER)
def test_after_an_upgrade_a_change_of_raw_entries_is_still_refused(
    opened: Open, store_url: str, older: str
) -> None:
    store = opened()
    store.take([pads()[0].arrival()])
    store.close()
    make_older(store_url, older)
    again = opened()
    for statement in ("UPDATE batch SET last = 9", "DELETE FROM batch"):
        refused = pytest.raises(sa.exc.DBAPIError, match="raw entries are never")
        with refused, again.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_the_newest_migration_is_the_format_of_the_tables() -> None:
    assert upgrade.known_formats() == [FORMAT, "4", "3", "2", "1"]


@pytest.mark.parametrize("older", OLDER)
def test_a_read_only_open_changes_nothing_and_names_the_command_that_upgrades(
    opened: Open, store_url: str, older: str
) -> None:
    opened().close()
    make_older(store_url, older)
    with pytest.raises(StoreError, match="`ratingpad-province receive` upgrades it") as refused:
        open_store(store_url, read_only=True)
    assert refused.value.code is ProvinceCode.STORE_FOREIGN
    assert version_of(store_url) == older


def test_a_read_only_open_during_an_upgrade_is_refused_without_waiting(
    opened: Open, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened().close()
    make_older(store_url, "1")
    refused = []

    def open_read_only(_: object) -> None:
        with pytest.raises(StoreError, match="has format 1, not") as error:
            open_store(store_url, read_only=True)
        refused.append(error.value.code)

    monkeypatch.setattr(upgrade, "_derive_ratings", open_read_only)
    opened()
    assert refused == [ProvinceCode.STORE_FOREIGN]


@pytest.mark.parametrize("older", [*OLDER, None])
def test_a_program_from_before_alembic_reads_a_format_that_it_refuses(
    opened: Open, store_url: str, older: str | None
) -> None:
    opened().close()
    if older is not None:
        make_older(store_url, older)
        opened().close()
    with database(store_url) as engine, engine.connect() as connection:
        numbers = connection.execute(sa.text("SELECT version FROM format")).scalars().all()
    assert numbers == [3]


@pytest.mark.parametrize(
    ("older", "last_statement"),
    [
        *(
            (older, statement)
            for older in ("1", "2")
            for statement in ("CREATE TABLE ratingpad_alembic_version", "UPDATE format")
        ),
        *((older, "DROP TABLE incident") for older in ("1", "2", "3")),
        *((older, "CREATE INDEX rating_by_time") for older in OLDER),
    ],
)
def test_a_migration_that_fails_leaves_the_store_as_it_was(
    opened: Open, store_url: str, older: str, last_statement: str
) -> None:
    """The statements before the failing one are rolled back, those that change tables too."""
    store = opened()
    store.take([pad.arrival() for pad in pads()])
    before = store.ratings()
    store.close()
    make_older(store_url, older)

    def broken(*call: Any) -> None:
        if last_statement in call[2]:
            raise KeyboardInterrupt

    sa.event.listen(sa.Engine, "after_cursor_execute", broken)
    try:
        with pytest.raises(KeyboardInterrupt):
            open_store(store_url)
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", broken)
    assert version_of(store_url) == older
    with database(store_url) as engine, engine.connect() as connection:
        columns = {column["name"] for column in sa.inspect(connection).get_columns("rating")}
        assert ("channel" in columns) == (older != "1")
    assert opened().ratings() == before


def test_like_incidents_of_an_older_store_become_one_row_and_the_rest_are_counted(
    opened: Open, store_url: str
) -> None:
    opened().close()
    make_older(store_url, "3")
    old = [(f"L{n:02}", "backwards", f"to {seq}", seq) for n in range(30) for seq in range(1, 4)]
    with database(store_url) as engine, engine.begin() as connection:
        for ledger, kind, detail, ms in [*old, ("L99", "fork", "another entry 7", 9)]:
            connection.exec_driver_sql(
                "INSERT INTO incident (pad, ledger, kind, detail, times, first_ms, last_ms)"
                f" VALUES ('p', '{ledger}', '{kind}', '{detail}', 2, {ms}, {ms + 10})"
            )
    rows = {(row.kind, row.ledger): row for row in opened().incidents()}
    assert len(rows) == 22
    assert rows["backwards", "L00"][3:] == ("to 1", "to 3", 6, 1, 13)
    assert rows["backwards", ""][3:] == (DROPPED, "to 3", 60, 1, 13)
    assert rows["fork", "L99"].times == 2


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(
    opened: Open, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    store.take([pad.arrival() for pad in pads()])
    before = store.ratings()
    store.close()
    make_older(store_url, "1")

    def broken(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "_derive_ratings", broken)
        with pytest.raises(KeyboardInterrupt):
            open_store(store_url)
    assert version_of(store_url) == "1"
    assert opened().ratings() == before


@pytest.mark.parametrize("older", OLDER)
def test_of_receivers_that_start_together_one_upgrades(
    opened: Open, store_url: str, older: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = opened()
    store.take([pad.arrival() for pad in pads()])
    before = store.ratings()
    store.close()
    make_older(store_url, older)
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_store, [store_url] * 4))
    for each in stores:
        assert each.ratings() == before
        each.close()
    assert upgrades(caplog) == 1


@pytest.mark.parametrize("version", [0, 3])
def test_an_unknown_number_in_the_table_format_is_refused(store_url: str, version: int) -> None:
    """Format 3 comes with a table of Alembic's; a store that says 3 without it is not ours."""
    with database(store_url) as engine, engine.begin() as connection:
        for statement in ddl("2", engine.dialect.name):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"UPDATE format SET version = {version}")
    with pytest.raises(StoreError, match=rf"has format {version} \(.*, not {FORMAT}") as refused:
        open_store(store_url)
    assert refused.value.code is ProvinceCode.STORE_FOREIGN


@pytest.mark.parametrize("version", ["0", str(int(FORMAT) + 1), "ae1027a6acf"])
def test_an_unknown_format_is_refused(opened: Open, store_url: str, version: str) -> None:
    store = opened()
    with store.engine.begin() as connection:
        connection.execute(tables.alembic_version.update().values(version_num=version))
    store.close()
    with pytest.raises(StoreError, match=f"has format {version}, not {FORMAT}") as refused:
        open_store(store_url)
    assert refused.value.code is ProvinceCode.STORE_FOREIGN
    assert version_of(store_url) == version


def test_another_applications_database_is_refused_and_not_changed(store_url: str) -> None:
    """It may use Alembic, too, and number its revisions as this one does."""
    with database(store_url) as engine, engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('2')")
    with pytest.raises(StoreError, match="has no store's tables") as refused:
        open_store(store_url)
    assert refused.value.code is ProvinceCode.STORE_FOREIGN
    with database(store_url) as engine:
        assert sa.inspect(engine).get_table_names() == ["alembic_version"]


@pytest.mark.parametrize("older", OLDER)
@pytest.mark.parametrize("revision", ["ae1027a6acf", "3", "2"])
def test_another_applications_revision_beside_the_store_changes_nothing(
    opened: Open, store_url: str, older: str, revision: str
) -> None:
    store = opened()
    store.take([pad.arrival() for pad in pads()])
    before = store.ratings()
    store.close()
    make_older(store_url, older)
    with database(store_url) as engine, engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{revision}')")
    assert opened().ratings() == before
    assert version_of(store_url) == tables.FORMAT
    with database(store_url) as engine, engine.connect() as connection:
        statement = sa.text("SELECT version_num FROM alembic_version")
        assert connection.execute(statement).scalar_one() == revision


def test_a_store_of_this_format_is_made_and_opened_without_alembic(store_url: str) -> None:
    """Alembic costs 0.1 s at a start; a new or current store does not need it."""
    program = (
        "import sys; from province.store import open_store\n"
        f"for _ in range(2): open_store({store_url!r}).close()\n"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
