"""`ratingpad selftest`: a technician tests every part of a pad.

steps.py             PURE: the steps and their outcomes, as types
plan.py              PURE: which steps a board has
runner.py            PURE: which step comes next, and what counts as passed
bench.py             runs it on the real board
probes.py            measures what needs no person: clock, ledger's folder, broker
selftest_screens.py  the pictures
report.py            PURE: the result as a text
step_words.py        its texts in each language
"""
