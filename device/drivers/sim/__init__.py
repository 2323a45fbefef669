"""A board without hardware: keys that bounce, a display that remembers, clocks that can be set.

board.py     put together from keys.py, display.py, sim_signals.py and clocks.py
contact.py   PURE: one contact that bounces
control.py   its control socket                  client.py    its other end, for demo and tests
"""
