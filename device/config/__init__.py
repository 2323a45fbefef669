"""The pad's configuration file.

config.py        the file as types; every mistake in one report
screen_config.py what a screen needs of a file with mistakes
desk_config.py   its [desk]
touch_config.py  its [touch]
phone_config.py  its [phone]
clerk_keys.py    its [clerk_keys]
"""
