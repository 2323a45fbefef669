"""What is in a ledger, for technicians and auditors: `ratingpad ledger`. Reads only, and never
delays the agent that writes; loaded by that command only.

entry_reader.py     the entries of a ledger, read in short steps beside the agent
sqlite_reading.py   one reading by SQLite, beside the agent
damaged_entries.py  the entries of a file that SQLite cannot read, or not all of
listed_entry.py     PURE: one entry as it is listed, and what is withheld of it
entry_words.py      PURE: what an entry says, in words
entry_filter.py     PURE: which entries are asked for
entry_selection.py  which entries are listed, and what they say
ledger_summary.py   a ledger in twenty lines
listing_forms.py    the entries as table, CSV, NDJSON or JSON
evidence_copy.py    a copy with a manifest, verified before it counts
"""
