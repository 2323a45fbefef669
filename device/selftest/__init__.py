"""`ratingpad selftest`: a technician walks through every part of a pad.

steps.py             PURE: the steps and their outcomes, as types
plan.py              PURE: which steps a board has
runner.py            PURE: what is asked next, and what counts as passed
bench.py             carries it out on the real board
probes.py            measures what needs no hand
selftest_screens.py  the pictures
report.py            words the result
step_words.py        the words
"""
