"""The commands of `ratingpad-province`, one module each: its arguments, what it prints, its exit
code.

phone_key_command.py  makes a pad's key for the codes of phones
ratings_command.py    lists the newest ratings that fit
receive_command.py    takes batches from the broker
status_command.py     what a store holds, in numbers
token_command.py      says what a scanned code is
verify_command.py     checks every chain and every derived row

rating_arguments.py   which ratings are meant: levels, days, texts
rating_lists.py       ratings as a table, as CSV, as JSON
token_report.py       what `token` prints with `--json`
store_reading.py      a store, opened only to look at it
read_reason.py        why a file could not be read
"""
