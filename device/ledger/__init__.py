"""The append-only ledger: on disk before thanks, and every entry bound to the one before it.

ledger.py         the table of entries: append, receipts, reading
file.py           its SQLite file: pages, pragmas, what counts as damage
writer.py         the one thread that owns it
commit_queue.py   appends in their order, retried while the card refuses
verify.py         is this ledger whole?
salvage.py        what can still be read of a damaged one
rollover.py       a new ledger that names the one before it
retention.py      prunes what the province has receipted, after its time
startup_state.py  what the entries tell an agent that starts
"""
