"""One entry of a ledger as it is listed, and what is withheld of it (decision 21). Pure.

Who may read the file is not always one who may know how a citizen has rated: a technician looks
for a fault, an auditor for the rating. So levels are shown only where they are asked for, and with
them everything from which they can be told: the reasons and the text that belong to a level, the
key of a stray press, and the exact bytes with their digests, because whoever has two digests and
the rest of a body finds its level by trying five.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from sync.entries import AnyBody, Salvaged, read_body

WITHHELD: dict[str, tuple[str, ...]] = {
    "rated": ("level",),
    "detailed": ("options", "text"),
    "strayed": ("key",),
    "salvaged": ("body", "digest"),
}
"""By kind, the fields that tell a level. Of a kind that this version does not know, all but the
time are withheld.
"""
_ALWAYS = ("kind", "at")


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """An entry, read. `body` is None for an unknown kind and for bytes that are no entry; then
    `kind` is what they say, or "". `fields`: its JSON object, without what is withheld; of bytes
    that are no entry it is empty. `carried`: the entry that a `salvaged` carries.
    """

    seq: int
    kind: str
    body: AnyBody | None
    fields: dict[str, Any]
    withheld: tuple[str, ...] = ()
    carried: "ListedEntry | None" = None

    @property
    def utc_ms(self) -> int | None:
        """When it happened, as its pad knew then."""
        return self.body.at.utc if self.body is not None else _utc_of(self.fields)

    @property
    def boot(self) -> str | None:
        """The boot in which it happened."""
        return self.body.at.boot if self.body is not None else None

    @property
    def itself(self) -> AnyBody | None:
        """What it says: of a `salvaged` what the entry says that it carries."""
        return self.carried.body if self.carried is not None else self.body


def listed(seq: int, raw: bytes, *, levels: bool) -> ListedEntry:
    """The entry with these bytes; `levels`: with all that it says. Never raises."""
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return ListedEntry(seq, "", None, {})
    kind = fields.get("kind")
    kind = kind if isinstance(kind, str) else ""
    try:
        body = read_body(raw)
    except ValueError:
        body = None
    hidden: tuple[str, ...] = ()
    if not levels:
        of_kind = WITHHELD.get(kind, ()) if body is not None else set(fields) - set(_ALWAYS)
        hidden = tuple(sorted(name for name in of_kind if name in fields))
    carried = None
    if isinstance(body, Salvaged):
        carried = listed(body.seq, body.body.encode(), levels=levels)
    shown = {name: value for name, value in fields.items() if name not in hidden}
    if carried is not None and not levels:
        shown["carried"] = carried.fields
    return ListedEntry(seq, kind, body, shown, hidden, carried)


def _utc_of(fields: dict[str, Any]) -> int | None:
    """Of a kind that this version does not know."""
    at = fields.get("at")
    utc = at.get("utc") if isinstance(at, dict) else None
    return utc if type(utc) is int else None
