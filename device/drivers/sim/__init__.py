"""A board without hardware: keys that bounce, a display that can be read, clocks that can be set.

board.py     made from keys.py, display.py, sim_signals.py and clocks.py
contact.py   PURE: one contact that bounces
control.py   the control socket: presses keys, sets the clock, returns the picture
client.py    the client of that socket, for demo and tests
"""
