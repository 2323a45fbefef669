"""The hardware behind ports: one door per vendor library, imported only when a profile names it.

base.py      the ports and what they promise    registry.py  from a profile's name to a board
debounce.py  PURE: levels of lines to presses   sim/         a board without hardware
frame68.py   PURE: the frames of key pads       linux.py     a board put together from parts
changes.py   PURE: what of a picture to send    kernel.py    the clocks of every Linux
options.py   what a pad's file says to them     serial68.py  key pads on a serial line
panel.py     the display's thread               oled.py      SSD1306 and SH1106 on I²C
"""
