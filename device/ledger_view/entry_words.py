"""What an entry says, in words for people. Pure.

Every sentence is a template that the catalogues translate. What it is made of may hold anything:
whoever prints it makes it safe (`sync.shown_text.shown`).
"""

from collections import OrderedDict

from device.ledger_view.listed_entry import ListedEntry
from sync.entries import (
    AnyBody,
    Booted,
    Cleared,
    Clock,
    Configured,
    Detailed,
    Fault,
    Invited,
    Lapsed,
    Level,
    Opened,
    Paused,
    Rated,
    Resumed,
    Salvaged,
    Strayed,
    Withdrawn,
)
from sync.sentence import Sentence

KIND_WORDS: dict[str, Sentence] = {
    "opened": Sentence("opened"),
    "booted": Sentence("booted"),
    "clock": Sentence("clock"),
    "invited": Sentence("invited"),
    "rated": Sentence("rated"),
    "detailed": Sentence("detailed"),
    "lapsed": Sentence("lapsed"),
    "withdrawn": Sentence("withdrawn"),
    "strayed": Sentence("strayed"),
    "paused": Sentence("paused"),
    "resumed": Sentence("resumed"),
    "configured": Sentence("configured"),
    "fault": Sentence("fault"),
    "cleared": Sentence("cleared"),
    "salvaged": Sentence("salvaged"),
}
"""A word for each kind of entry, as in the first column of the table."""

LEVEL_WORDS: dict[Level, Sentence] = {
    Level.VERY_SATISFIED: Sentence("very satisfied"),
    Level.SATISFIED: Sentence("satisfied"),
    Level.BASICALLY_SATISFIED: Sentence("basically satisfied"),
    Level.DISSATISFIED: Sentence("dissatisfied"),
    Level.VERY_DISSATISFIED: Sentence("very dissatisfied"),
}

_REMEMBERED = 512
_TAIL_CHARACTERS = 8


class EntryWords:
    """Remembers what the last invitations were about, because only `invited` says it.

    `levels`: whether levels are said, and what tells them.
    """

    def __init__(self, *, levels: bool) -> None:
        self._levels = levels
        self._cases: OrderedDict[str, str] = OrderedDict()

    def learn(self, entry: ListedEntry) -> None:
        """Note an entry, whether or not it is listed; in the order of the ledger."""
        body = entry.itself
        if isinstance(body, Invited) and body.service.case is not None:
            self._cases[body.invitation] = body.service.case
            if len(self._cases) > _REMEMBERED:
                self._cases.popitem(last=False)

    def of(self, entry: ListedEntry) -> Sentence:
        """What it says."""
        if entry.body is None:
            return (
                Sentence("an entry of a newer version")
                if entry.kind
                else Sentence("the bytes are no entry")
            )
        if isinstance(entry.body, Salvaged):
            return self._salvaged(entry.body, entry.carried)
        return self._in_words(entry.body)

    def _in_words(self, body: AnyBody) -> Sentence:
        match body:
            case Invited():
                said = _invited(body)
            case Rated():
                said = self._rated(body)
            case Detailed():
                said = self._detailed(body)
            case Lapsed():
                said = self._about(Sentence("nobody rated in time"), body.invitation)
            case Withdrawn():
                words = Sentence("taken back: {reason}", reason=body.reason)
                said = self._about(words, body.invitation)
            case Strayed():
                words = Sentence("a press that counts for nothing, while {state}", state=body.state)
                said = _joined(words, Sentence("key {key}", key=body.key) if self._levels else None)
            case Salvaged():  # in another one, which no version writes
                said = self._salvaged(body, None)
            case _:
                said = _of_pad(body)
        return said

    def _rated(self, body: Rated) -> Sentence:
        seconds = f"{body.elapsed_ms / 1000:.1f}"
        return self._about(
            _joined(
                LEVEL_WORDS[body.level] if self._levels else None,
                Sentence("after {seconds} s", seconds=seconds),
                Sentence("instead of the one before") if body.again else None,
                Sentence("sooner than anybody reads") if body.is_hasty else None,
            ),
            body.invitation,
        )

    def _detailed(self, body: Detailed) -> Sentence:
        if not self._levels:
            return self._about(Sentence("reasons were added"), body.invitation)
        options = Sentence("reasons: {codes}", codes=" ".join(body.options))
        text = Sentence("text: {text}", text=body.text)
        return self._about(
            _joined(options if body.options else None, text if body.text is not None else None),
            body.invitation,
        )

    def _salvaged(self, body: Salvaged, carried: ListedEntry | None) -> Sentence:
        inner = Sentence("the bytes are no entry")
        if carried is not None and carried.kind:
            word = KIND_WORDS.get(carried.kind, carried.kind)
            inner = Sentence("{kind}: {what}", kind=word, what=self.of(carried))
        return _joined(
            Sentence("entry {seq} of ledger {ledger}", seq=body.seq, ledger=body.ledger),
            Sentence("its content is not proven") if body.unproven else None,
            inner,
        )

    def _about(self, words: Sentence, invitation: str) -> Sentence:
        case = self._cases.get(invitation)
        return _joined(
            words,
            Sentence("case {case}", case=case)
            if case is not None
            else Sentence("invitation {invitation}", invitation=_tail(invitation)),
        )


def _of_pad(
    body: Opened | Booted | Clock | Paused | Resumed | Configured | Fault | Cleared,
) -> Sentence:
    """What an entry says that is about no citizen."""
    match body:
        case Opened():
            said = _opened(body)
        case Booted(boots=boots, agent=version, board=board):
            said = Sentence(
                "start {boots} of this pad, ratingpad {version}, board {board}",
                boots=boots,
                version=version,
                board=board,
            )
        case Clock(source=source, uncertainty_ms=ms):
            said = Sentence(
                "the time of day is known, by {source}, within {ms} ms", source=source, ms=ms
            )
        case Paused(by=by):
            said = Sentence("window closed, by {by}", by=by)
        case Resumed(by=by):
            said = Sentence("window open again, by {by}", by=by)
        case Configured(version=number):
            said = Sentence("settings of the province, version {version}", version=number)
        case Fault(code=code, detail=detail):
            said = _coded(Sentence("{code} began", code=code), detail)
        case Cleared(code=code, detail=detail):
            said = _coded(Sentence("{code} has ended", code=code), detail)
    return said


def _opened(body: Opened) -> Sentence:
    previous = body.previous
    return _joined(
        Sentence("ledger {ledger} of pad {pad}", ledger=body.ledger, pad=body.pad),
        Sentence("after ledger {ledger}: {reason}", ledger=previous.ledger, reason=previous.reason)
        if previous is not None
        else None,
        Sentence("missing of it: {entries}", entries=_ranges(previous.missing))
        if previous is not None and previous.missing
        else None,
    )


def _invited(body: Invited) -> Sentence:
    service = body.service
    return _joined(
        Sentence("window {window}", window=body.window),
        Sentence("case {case}", case=service.case)
        if service.case is not None
        else Sentence("invitation {invitation}", invitation=_tail(body.invitation)),
        Sentence("step {step}", step=service.step) if service.step is not None else None,
        Sentence("matter {matter}", matter=service.matter) if service.matter is not None else None,
        Sentence("clerk {clerk}", clerk=body.clerk) if body.clerk is not None else None,
        Sentence("asked by {source}", source=body.source),
        Sentence("rated before") if body.rated_before is not None else None,
    )


def _coded(words: Sentence, detail: str) -> Sentence:
    return Sentence("{words}: {detail}", words=words, detail=detail) if detail else words


def _joined(*parts: Sentence | None) -> Sentence:
    return Sentence.joined(", ", [part for part in parts if part is not None])


def _tail(invitation: str) -> str:
    """The end of an id: the beginning of a ULID is the time, alike in a whole day."""
    short = invitation[-_TAIL_CHARACTERS:]
    return short if short == invitation else f"…{short}"


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in ranges)
