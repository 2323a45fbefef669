"""The province's end: what came in, kept as it came, and what it says.

errors.py    stable codes P01 … with their remedies
timestamps.py PURE: when an entry happened, from what its pad knew and learnt later
projection.py PURE: raw entries -> the rows of the rating tables
precedence.py PURE: which of the entries about one invitation counts
phone_ratings.py PURE: does a rating by phone count
rows.py      PURE: the rows of the rating tables
store/       raw batches and derived tables, on SQLite or PostgreSQL, in one transaction
verify.py    walks every chain and derives everything a second time
cli.py       `ratingpad-province`
"""
