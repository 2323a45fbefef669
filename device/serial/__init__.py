"""Serial lines, shared by key pads (drivers) and the hall's bus (desk).

serial_line.py  a line opened by URL, reopened when it is lost (alone imports pyserial)
frame68.py      PURE: frames of the "68" protocol
"""
