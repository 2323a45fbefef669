"""An error of a database is judged by its class."""

import sqlite3
from pathlib import Path

import psycopg
import pytest

from province.errors import ProvinceCode
from province.store import failure
from sync.store_port import Cause
from tests.rigs.province import postgres
from tests.rigs.province.hostile_database import sqlite_held


@pytest.mark.parametrize(
    ("sqlstate", "cause", "code"),
    [
        ("08006", Cause.DOWN, "P02"),
        ("0A000", Cause.SETUP, "P14"),
        ("22021", Cause.DATA, "P04"),  # bytes that are no text in this encoding
        ("22P05", Cause.DATA, "P04"),
        ("23502", Cause.DATA, "P04"),
        ("25006", Cause.SETUP, "P14"),
        ("25P02", Cause.DOWN, "P02"),
        ("26000", Cause.DOWN, "P02"),
        ("28P01", Cause.SETUP, "P14"),
        ("3D000", Cause.SETUP, "P14"),
        ("3F000", Cause.SETUP, "P14"),
        ("40001", Cause.WAIT, "P12"),
        ("40P01", Cause.WAIT, "P12"),
        ("42501", Cause.SETUP, "P14"),
        ("42P01", Cause.SETUP, "P14"),
        ("53100", Cause.WAIT, "P13"),
        ("53200", Cause.WAIT, "P13"),
        ("53300", Cause.DOWN, "P13"),
        ("54000", Cause.DATA, "P04"),
        ("55006", Cause.WAIT, "P12"),
        ("55P03", Cause.WAIT, "P12"),
        ("57014", Cause.WAIT, "P10"),
        ("57P01", Cause.DOWN, "P02"),
        ("57P03", Cause.DOWN, "P02"),
        ("58030", Cause.WAIT, "P04"),
        ("P0001", Cause.SETUP, "P14"),  # a trigger's RAISE EXCEPTION
        ("XX000", Cause.WAIT, "P04"),
        ("ZZ999", Cause.WAIT, "P04"),
    ],
)
def test_what_an_sqlstate_means(sqlstate: str, cause: Cause, code: str) -> None:
    found = failure.of_sqlstate(sqlstate)
    assert (found.cause, found.code.code) == (cause, code)


def test_only_classes_about_content_blame_a_message() -> None:
    """Over every code that PostgreSQL has."""
    states = [getattr(error, "sqlstate", None) for error in vars(psycopg.errors).values()]
    codes = {state for state in states if isinstance(state, str)}
    blaming = {code[:2] for code in codes if failure.of_sqlstate(code).cause is Cause.DATA}
    assert len(codes) > 200
    assert blaming == {"22", "23", "54"}


@pytest.mark.parametrize(
    ("result_code", "cause", "code"),
    [
        (sqlite3.SQLITE_PERM, Cause.SETUP, "P14"),
        (sqlite3.SQLITE_BUSY, Cause.WAIT, "P12"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Cause.WAIT, "P12"),
        (sqlite3.SQLITE_LOCKED, Cause.WAIT, "P12"),
        (sqlite3.SQLITE_NOMEM, Cause.WAIT, "P13"),
        (sqlite3.SQLITE_READONLY, Cause.SETUP, "P14"),
        (sqlite3.SQLITE_READONLY_DBMOVED, Cause.SETUP, "P14"),
        (sqlite3.SQLITE_IOERR_WRITE, Cause.WAIT, "P04"),
        (sqlite3.SQLITE_CORRUPT, Cause.SETUP, "P04"),
        (sqlite3.SQLITE_FULL, Cause.WAIT, "P13"),
        (sqlite3.SQLITE_CANTOPEN, Cause.DOWN, "P02"),
        (sqlite3.SQLITE_TOOBIG, Cause.DATA, "P04"),
        (sqlite3.SQLITE_CONSTRAINT, Cause.DATA, "P04"),
        (sqlite3.SQLITE_CONSTRAINT_NOTNULL, Cause.DATA, "P04"),
        (sqlite3.SQLITE_MISMATCH, Cause.DATA, "P04"),
        (sqlite3.SQLITE_AUTH, Cause.SETUP, "P14"),
        (sqlite3.SQLITE_RANGE, Cause.DATA, "P04"),
        (sqlite3.SQLITE_NOTADB, Cause.SETUP, "P04"),
        (sqlite3.SQLITE_ERROR, Cause.WAIT, "P04"),
    ],
)
def test_what_a_result_code_of_sqlite_means(result_code: int, cause: Cause, code: str) -> None:
    found = failure.of_sqlite(result_code)
    assert (found.cause, found.code.code) == (cause, code)


def test_errors_without_a_code_are_judged_by_their_kind() -> None:
    assert failure.of_driver(psycopg.DataError("NUL in a text")).cause is Cause.DATA
    assert failure.of_driver(psycopg.OperationalError("reset")).cause is Cause.DOWN
    assert failure.of_driver(psycopg.InterfaceError("closed")).cause is Cause.DOWN
    assert failure.of_driver(psycopg.ProgrammingError("a bug")).cause is Cause.WAIT
    assert failure.of_driver(OSError("odd")).cause is Cause.WAIT


def test_a_connection_that_did_not_answer_is_down_and_said_to_be_silent() -> None:
    assert failure.SILENT == (Cause.DOWN, ProvinceCode.STORE_SILENT)
    assert ProvinceCode.STORE_SILENT.code == "P10"


def test_no_error_at_all_is_judged_as_an_unknown_one() -> None:
    assert failure.of_driver(None) == (Cause.WAIT, ProvinceCode.STORE_WRITE)


def test_a_real_lock_of_sqlite(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with sqlite_held(file), pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(file, timeout=0).execute("BEGIN IMMEDIATE")
    assert failure.of_driver(raised.value).code is ProvinceCode.STORE_LOCKED


@pytest.mark.postgres
def test_a_real_error_of_postgresql(cluster: postgres.PostgresCluster) -> None:
    url = cluster.create("failures")
    with psycopg.connect(url) as session, pytest.raises(psycopg.Error) as raised:
        session.execute(b"SELECT chr(0)")
    assert failure.of_driver(raised.value).cause is Cause.DATA
