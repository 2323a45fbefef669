"""The province's end: stores what pads send, unchanged, and derives the rating tables from it.

errors.py    PURE: stable codes P01 … with their remedies
errors_zh.py PURE: the same codes in Chinese
timestamps.py PURE: when an entry happened, from what its pad knew and learnt later
projection.py PURE: raw entries -> the rows of the rating tables
oddities.py  PURE: what in the entries a person must look at, although every chain holds
precedence.py PURE: which of the entries about one invitation counts
phone_ratings.py PURE: does a rating by phone count
rows.py      PURE: the rows of the rating tables
store/       raw batches and derived tables, on SQLite or PostgreSQL, in one transaction
verify.py    checks every chain and derives every row a second time
verify_report.py what `verify` prints
looked_at.py  PURE: the findings that a person has looked at, and why
commands/    the commands of `ratingpad-province`, one module each
cli.py       `ratingpad-province`: its commands are in commands/
"""
