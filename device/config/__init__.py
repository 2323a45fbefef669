"""The pad's configuration file.

config.py        the file as types; every mistake in one report
desk_config.py   its [desk]
touch_config.py  its [touch]
phone_config.py  its [phone]
clerk_keys.py    its [clerk_keys]
"""
