"""The descriptions of hardware in `hw/`, read, checked and typed.

profile.py         boards: keys, displays, lights, sound, screens
driver_names.py    the drivers by the words of the profiles: module and type of options
driver_options.py  the options of the drivers, as they stand in a pad's file
keypad.py          key maps
glass.py           PURE: the size of a display's pixels, and the least height of a letter
key_levels.py      PURE: what a key of any kind has; each level has one key
pins.py            PURE: pin headers, and which part uses which pin
descriptions.py    finds and reads the files
"""
