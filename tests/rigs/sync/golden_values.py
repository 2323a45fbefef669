"""Values of the contract whose bytes are committed under tests/sync/golden/.

Each kind of entry and each message is there at least once with everything it can carry and, where
that differs, once with as little as it may. The files are written by hand only once: a
change of their bytes is a change of the wire, and needs a new version of it.
"""

from pathlib import Path

from sync import entries as e
from sync import messages as c
from sync.desk_fields import InviteFields
from sync.entries import Level, Trust

FOLDER = Path(__file__).parents[2] / "sync" / "golden"

LEDGER = "01JD5Z3K8M0000000000000001"
BEFORE = "01JC0A7Q2X0000000000000009"
BOOT = "0b9e2f51-6a53-4f5d-8f39-3b1f7a2c9d10"
FIRST = "01JD5Z9QWV00000000000000A1"
SECOND = "01JD5ZAB1C00000000000000A2"
UTC_MS = 1795399200000
PLAIN = (c.Order.IDENTIFY, c.Order.PAUSE, c.Order.RESUME, c.Order.REPORT_HEALTH)
"""The orders that carry nothing but themselves."""


def at(mono: int, utc: int | None = None, trust: Trust = Trust.NONE) -> e.At:
    """A moment of the golden boot."""
    return e.At(utc=utc, mono=mono, boot=BOOT, trust=trust)


def dated(mono: int) -> e.At:
    """A moment after the clock was known: mono 20000 was 2026-11-23T02:00:00Z."""
    return at(mono, 1795399200000 - 20000 + mono, Trust.NTP)


BODIES: list[e.Body] = [
    e.Opened(
        at=at(900),
        ledger=LEDGER,
        pad="jl-0431-017",
        hash=e.HashName.SHA256,
        format=e.FORMAT,
        previous=e.Predecessor(
            ledger=BEFORE, reason="damaged", seq=41, digest="ab" * 32, missing=((42, 44), (46, 46))
        ),
    ),
    e.Salvaged(
        at=at(950),
        ledger=BEFORE,
        seq=45,
        digest="cd" * 32,
        body='{"at":{"boot":"x","mono":1,"trust":"none","utc":null},"by":"desk","kind":"paused"}',
    ),
    e.Booted(at=at(1000), agent="0.1.0", board="simulated", boots=7),
    e.Fault(at=at(1100), code="C01", detail="no time server has answered"),
    e.Clock(at=dated(20000), utc=1795399200000, mono=20000, source="ntp", uncertainty_ms=12),
    e.Cleared(at=dated(20001), code="C01"),
    e.Configured(at=dated(21000), version=3, digest="ef" * 32),
    e.Invited(
        at=dated(60000),
        invitation=FIRST,
        window="3",
        source="http",
        service=e.Service(
            case="220100-2026-000417", matter="11220100MB1519582D2000117005001", step="办结"
        ),
        clerk="C-0071",
    ),
    e.Rated(
        at=dated(64210), invitation=FIRST, level=Level.SATISFIED, source="keys", elapsed_ms=4210
    ),
    e.Rated(
        at=dated(65800),
        invitation=FIRST,
        level=Level.VERY_DISSATISFIED,
        source="keys",
        elapsed_ms=5800,
        again=True,
    ),
    e.Detailed(
        at=dated(71000), invitation=FIRST, options=("114", "115"), text="跑了三趟。친절하지 않음"
    ),
    e.Strayed(at=dated(90000), key="satisfied", state="idle", source="keys"),
    e.Invited(at=dated(100000), invitation=SECOND, window="3", source="http"),
    e.Lapsed(at=dated(130000), invitation=SECOND),
    e.Withdrawn(at=dated(140000), invitation=SECOND, reason="desk"),
    e.Paused(at=dated(150000), by="desk"),
    e.Resumed(at=dated(160000), by="desk"),
    e.Detailed(at=dated(170000), invitation=FIRST),
]
"""A ledger that holds every kind of entry, in an order that could have happened."""

SETTINGS = c.Settings(window="3", invitation_s=30, grace_s=3, thanks_s=4)

MESSAGES: dict[str, c.Message] = {
    "receipt": c.Receipt(v=1, ledger=LEDGER, seq=18, digest="5c" * 32),
    "receipt-to-a-birth": c.Receipt(
        v=1, ledger=LEDGER, seq=0, digest="00" * 32, session="7.2", detail="nothing stored"
    ),
    "receipt-to-a-birth-with-a-problem": c.Receipt(
        v=1,
        ledger=LEDGER,
        seq=4,
        digest="5c" * 32,
        session="7.2",
        problem=c.Problem.RETIRED,
        detail="replaced",
    ),
    "receipt-for-what-could-not-be-read": c.Receipt(
        v=1,
        ledger="",
        seq=0,
        digest="00" * 32,
        problem=c.Problem.MALFORMED,
        detail="the last line is not ended",
    ),
    **{
        f"receipt-{problem.value}": c.Receipt(
            v=1, ledger=LEDGER, seq=4, digest="5c" * 32, problem=problem, detail="as it happens"
        )
        for problem in c.Problem
    },
    "state-online": c.State(
        v=1,
        pad="jl-0431-017",
        status=c.Status.ONLINE,
        boots=7,
        session=2,
        ledger=LEDGER,
        seq=18,
        digest="5c" * 32,
        agent="0.1.0",
        board="simulated",
    ),
    "state-stopped": c.State(
        v=1, pad="jl-0431-017", status=c.Status.STOPPED, boots=7, session=2, ledger=LEDGER
    ),
    "state-lost": c.State(
        v=1, pad="jl-0431-017", status=c.Status.LOST, boots=7, session=2, ledger=LEDGER
    ),
    "health": c.Health(
        v=1,
        at=dated(300000),
        boots=7,
        ledger=LEDGER,
        head=18,
        receipted=4,
        faults=(c.FaultNow(code="K01", since=250000, detail="satisfied"),),
        disk_free_bytes=6_871_947_674,
        card_wear_percent=11.5,
        temperature_c=48.3,
        strays=1,
    ),
    "health-of-a-board-that-cannot-tell": c.Health(
        v=1, at=at(5000), boots=1, ledger=LEDGER, head=2, receipted=0
    ),
    "desired": c.Desired(v=1, version=3, settings=SETTINGS),
    "desired-nothing": c.Desired(v=1, version=4, settings=c.Settings()),
    "reported": c.Reported(v=1, version=3, digest="ef" * 32, settings=SETTINGS),
    "reported-refused": c.Reported(
        v=1,
        version=3,
        digest="ef" * 32,
        settings=SETTINGS,
        problems=("settings.grace_s: 90 is more than 10",),
    ),
    **{f"command-{order.value}": c.Command(v=1, order=order, by="province") for order in PLAIN},
    "command-invite": c.Command(
        v=1, order=c.Order.INVITE, by="queue", ask=InviteFields(sent=UTC_MS)
    ),
    "command-invite-with-everything": c.Command(
        v=1,
        order=c.Order.INVITE,
        by="queue",
        ask=InviteFields(
            sent=UTC_MS,
            case="DH-2026-17",
            matter="11220000MB0001",
            step="办结",
            clerk="C003",
            again=True,
            window="3",
        ),
    ),
    "command-withdraw": c.Command(
        v=1, order=c.Order.WITHDRAW, by="queue", invitation=FIRST, reason="gone"
    ),
    "command-standing": c.Command(v=1, order=c.Order.STANDING, by="queue", invitation=FIRST),
    "command-result": c.CommandResult(v=1, done=True),
    "command-result-standing": c.CommandResult(
        v=1, done=True, invitation=FIRST, standing="unrated"
    ),
    "command-result-refused": c.CommandResult(
        v=1, done=False, code="L02", detail="the card is full"
    ),
}
"""Every message by a name that says which case it is."""


def chain(name: e.HashName = e.HashName.SHA256) -> list[e.Entry]:
    """The golden ledger as entries, chained from the genesis digest."""
    bodies = [e.write_body(body) for body in BODIES]
    digests = e.walk_chain(name, e.GENESIS, bodies)
    return [
        e.Entry(seq, body, digest)
        for seq, (body, digest) in enumerate(zip(bodies, digests, strict=True), 1)
    ]


def golden_lines(name: str) -> dict[str, bytes]:
    """A golden text file of `name value` lines, by name."""
    lines = (FOLDER / name).read_bytes().splitlines()
    rows = [line.partition(b" ") for line in lines if line and not line.startswith(b"#")]
    return {key.decode(): value for key, _, value in rows}
