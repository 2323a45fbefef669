"""What a board has, read from `hw/`: descriptions as data, checked and typed.

profile.py       boards: keys, displays, lights, sound, screens
pins.py          pin headers, and who uses which pin
keypad.py        key maps
descriptions.py  finding and reading the files
"""
