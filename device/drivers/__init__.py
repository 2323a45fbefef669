"""The hardware behind ports: one door per vendor library, imported only when a profile names it.

base.py      the ports and what they promise    registry.py  from a profile's name to a board
debounce.py  PURE: levels of lines to presses   sim/         a board without hardware
"""
