"""The append-only ledger: on disk before thanks, and every entry bound to the one before it.

ledger.py      the table of entries: append, receipts, reading
file.py        its SQLite file: pages, pragmas, what counts as damage
writer.py      the one thread that owns it
commits.py     appends in their order, tried again while a card refuses
verify.py      is this ledger whole?
salvage.py     what can still be read of a damaged one
succession.py  a new ledger that names the one before it
retention.py   what the province has receipted goes after its time
recall.py      what entries say to an agent that starts (PURE)
lookback.py    reads them for it
"""
