"""The store's rows are a function of the set of entries. On both backends.

Ledgers that salvaged the same entries with different bodies, in any order of arrival.
"""

import itertools
import os
from typing import NamedTuple

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from province.store import ProvinceStore, tables
from province.verify import verify
from sync.entries import (
    FORMAT,
    Body,
    Cleared,
    Detailed,
    Fault,
    HashName,
    Level,
    Opened,
    Predecessor,
    Salvaged,
    Strayed,
    Trust,
    Withdrawn,
    write_body,
)
from sync.store_port import Arrival
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    LedgerBuilder,
    at,
    clock,
    invited,
    lapsed,
    rated,
    without_time,
)

EXAMPLES = 300 if os.environ.get("RATINGPAD_LONG") == "1" else 10

MOMENTS = (at(9), at(9, NOON_MS + 1), at(9, trust=Trust.HELD), without_time(9), without_time(8))
BODIES: tuple[Body | bytes, ...] = (
    *(rated("i1", level, when) for level in Level for when in (at(3000), without_time(9))),
    *(rated("i1", Level.SATISFIED, when, again=True) for when in MOMENTS),
    *(rated("i1", elapsed_ms=ms) for ms in (0, 1)),
    *(
        invited("i1", when, case=case)
        for when in (at(1), without_time(1))
        for case in ("", "Z", "z")
    ),
    *(lapsed("i1", when) for when in MOMENTS),
    *(Withdrawn(at=at(9), invitation="i1", reason=reason) for reason in ("desk", "power")),
    *(Detailed(at=at(9), invitation="i1", text=text) for text in (None, "", "Z", "z", "好")),
    *(Detailed(at=at(9), invitation="i1", options=(option,)) for option in ("114", "115")),
    *(
        Strayed(at=when, key=key, state="idle", source="keys")
        for when in MOMENTS
        for key in ("Z", "z")
    ),
    *(Fault(at=when, code="K01") for when in MOMENTS),
    *(Cleared(at=at(9), code="K01"), Fault(at=at(9), code="D01", detail="z")),
    *(clock(9, NOON_MS + ms, uncertainty_ms=near) for ms in (0, 90) for near in (20, 7)),
    *(clock(8, NOON_MS, source="rtc"), clock(9, NOON_MS, boot="boot-2")),
    *(b'{"kind":"Z"}', b'{"kind":"z"}', b"no json"),
)
DERIVED = (
    *(tables.rating, tables.detail, tables.stray, tables.fault, tables.unread, tables.anchor),
    *(tables.salvage, tables.opening, tables.hole),
)
_numbers = itertools.count(1)


def salvaged(ledger: str, seq: int, body: Body | bytes) -> Salvaged:
    raw = body if isinstance(body, bytes) else write_body(body)
    return Salvaged(at=at(1, boot="boot-9"), ledger=ledger, seq=seq, digest="ab", body=raw.decode())


def opened_after(previous: str, seq: int | None) -> Opened:
    before = Predecessor(ledger=previous, reason="damaged", seq=seq, missing=((3, 4),))
    return Opened(
        at=at(0),
        ledger="old",
        pad="pad",
        hash=HashName.SHA256,
        format=FORMAT,
        previous=before,
    )


OPENINGS = tuple(opened_after(*before) for before in (("0A", None), ("0A", 0), ("0a", 7)))
HISTORIES = st.lists(
    st.lists(
        st.tuples(st.integers(7, 8), st.sampled_from((*BODIES, *OPENINGS))), min_size=3, max_size=6
    ),
    min_size=2,
    max_size=3,
)
"""Of each ledger: the positions and bodies that it salvaged, a batch each."""


class Way(NamedTuple):
    """A way in which batches arrive: of which ledgers, where a transaction ends, and when."""

    order: list[int]
    ends: list[bool]
    received_ms: list[int]


def own_name(number: int) -> str:
    """What names a run in its ledgers' ids, and is nowhere else in them."""
    return f"x{number:05}x"


def deliver(
    store: ProvinceStore, number: int, histories: list[list[tuple[int, Body | bytes]]], way: Way
) -> str:
    """Send the histories as a new pad's ledgers, a batch for each entry; returns the pad."""
    pad = f"pad-{number}"
    sent, group = [], []
    for n, history in enumerate(histories):
        ledger = LedgerBuilder(pad, f"01{own_name(number)}{n}")
        ledger.add(*(salvaged(f"00{own_name(number)}", seq, body) for seq, body in history))
        opening, *rest = ledger.arrivals(1)
        group.append(opening)
        sent.append(iter(rest))
    for n, ends, came_ms in zip(*way, strict=True):
        group.append(next(sent[n])._replace(received_ms=came_ms))
        if ends:
            store.take(group)
            group = []
    store.take(group)
    return pad


def stored(store: ProvinceStore, pad: str, number: int) -> dict[str, list[tuple[object, ...]]]:
    """The derived rows of a pad, without what names this run."""
    own = own_name(number)
    with store.engine.connect() as connection:
        found = {
            table.name: connection.execute(sa.select(table).where(table.c.pad == pad)).all()
            for table in DERIVED
        }
    return {
        name: sorted(
            (
                tuple(
                    value.replace(own, "#") if isinstance(value, str) else value
                    for value in row[0 if name == "opening" else 1 :]
                    if value != pad
                )
                for row in rows
            ),
            key=repr,
        )
        for name, rows in found.items()
    }


def test_ledgers_that_salvaged_other_bodies_give_the_same_rows_in_any_order_and_grouping(
    store: ProvinceStore,
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(histories=HISTORIES, data=st.data())
    def check(histories: list[list[tuple[int, Body | bytes]]], data: st.DataObject) -> None:
        places = [n for n, history in enumerate(histories) for _ in history]
        size = len(places)
        ends = st.lists(st.booleans(), min_size=size, max_size=size)
        times = st.lists(st.sampled_from((NOON_MS, 0)), min_size=size, max_size=size)
        runs = []
        for order in (places, data.draw(st.permutations(places))):
            number = next(_numbers)
            pad = deliver(store, number, histories, Way(order, data.draw(ends), data.draw(times)))
            runs.append(stored(store, pad, number))
        assert runs[0] == runs[1]

    check()
    verdict = verify(store)
    assert verdict.sound, verdict.bad_rows


DIFFERING = {
    "rated": (rated("i1", Level.SATISFIED), rated("i1", Level.DISSATISFIED)),
    "strayed": tuple(
        Strayed(at=when, key="a", state="idle", source="keys") for when in (at(1), at(1, 5))
    ),
    "clock": (clock(9, NOON_MS), clock(9, NOON_MS + 90)),
    "detailed": tuple(Detailed(at=at(5), invitation="i1", text=text) for text in (None, "a")),
    "invited": (invited("i1", case="a"), invited("i1", case="b")),
    "lapsed": (lapsed("i1", at(1)), lapsed("i1", at(2))),
}


def test_two_ledgers_that_salvaged_one_entry_with_different_bodies_verify_in_either_order(
    store: ProvinceStore,
) -> None:
    sent: list[list[Arrival]] = [[], [], []]
    for kind, bodies in DIFFERING.items():
        for order, salvages in itertools.product(itertools.permutations("AB"), _both(bodies)):
            pad = f"{kind}-{''.join(order)}-{salvages.index(bodies[0])}"
            ledgers = {name: LedgerBuilder(pad, f"01{pad}{name}") for name in "AB"}
            sent[0] += [ledger.arrival() for ledger in ledgers.values()]
            for name, body in zip("AB", salvages, strict=True):
                ledgers[name].add(salvaged(f"01{pad}", 7, body))
            for turn, name in enumerate(order, 1):
                sent[turn].append(ledgers[name].arrival(2))
    for group in sent:
        store.take(group)
    verdict = verify(store)
    assert verdict.pads == 4 * len(DIFFERING)
    assert verdict.sound, verdict.bad_rows


def _both(bodies: tuple[Body, ...]) -> list[tuple[Body, ...]]:
    return [bodies, bodies[::-1]]
