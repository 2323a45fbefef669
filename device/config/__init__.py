"""What the pad is told: its own file, and the province's wishes.

config.py      the file as types; every problem in one report
desk_config.py       its [desk]
touch_config.py      its [touch]
phone_config.py      its [phone]
clerk_keys.py  its [clerk_keys]
"""
