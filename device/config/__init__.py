"""What the pad is told: its own file, and the province's wishes.

config.py      the file as types; every problem in one report
desk.py        its [desk]
touch.py       its [touch]
phone.py       its [phone]
clerk_keys.py  its [clerk_keys]
"""
