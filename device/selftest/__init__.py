"""The technician's self-test: every key, the display, the signals, the clock, the ledger's folder.

`course.py` is what happens (pure), `plan.py` what there is to test on a board, `run.py` does it,
`probes.py` measures what needs no hand, `screens.py` draws, `report.py` words the result;
`steps.py` has the nouns, `wording.py` the words.
"""
