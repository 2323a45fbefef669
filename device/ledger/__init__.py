"""The append-only ledger: on disk before thanks; each entry's digest covers the one before it.

ledger.py         the table of entries: append, receipts, reading
file.py           its SQLite file: tables, pragmas, the lock, which errors mean damage
writer.py         the thread that owns it
commit_queue.py   appends in order; retried while the card cannot be written
verify.py         the one judge of a ledger, at a start and for `ratingpad verify`
entry_dates.py    are the entries dated in their order
unproven.py       which entries were carried over without proof
salvage.py        reads the entries out of a damaged file
record_index.py   where the records of a damaged file are
records.py        finds records in the bytes of pages (pure)
wal.py            the frames of the write-ahead log
head_note.py      the note of the last entry, beside the file
new_file.py       the file of a new ledger while it is written; an interrupted salvage goes on
rollover.py       replaces the file by a new ledger that names the old one
retention.py      prunes receipted entries when their retention time is over
startup_state.py  what an agent that starts reads from the entries
day_entries.py    what the ledger has of its last day, for the clerk's counts
"""
