"""The pad's configuration file.

config.py        the file as types; every mistake in one report
file_rights.py   whether the service may read the files, and nobody else the secrets
screen_config.py what a screen needs of a file with mistakes
desk_config.py   its [desk]
touch_config.py  its [touch]
phone_config.py  its [phone]
clerk_keys.py    its [clerk_keys]
"""
