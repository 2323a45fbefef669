"""`ratingpad setup`: makes a pad of a bare Raspberry Pi OS or Debian.

Only the standard library is imported here, because the computer has nothing else yet: the command
runs from a checkout by the system's Python, and installs the program with its libraries.

answers.py         what a technician decides about a pad, and whether it can be right
board_parts.py     a board's parts: which extras, packages and buses they need
decisions.py       from what was given, found out and answered: the plan
machine.py         what can be found out about this computer
screen_size.py     PURE: the millimetres of a screen, from what it says of itself (EDID)
questions.py       asks what is not known; suggests what was found
pad_file.py        the pad's file, written from the answers and read back
setup_plan.py      the steps: what each changes, whether it is done already
setup_system.py    runs commands and writes files of the system, with a log
setup_progress.py  shows the plan and how far it is
"""
