"""The hardware behind ports: one door per vendor library, imported only when a profile names it.

base.py      the ports and what they promise    registry.py  from a profile's name to a board
debounce.py  PURE: levels of lines to presses   sim/         a board without hardware
changes.py   PURE: what of a picture to send    linux.py     a board put together from parts
options.py   what a pad's file says to them     kernel.py    the clocks of every Linux
panel.py     the display's thread               serial68.py  key pads on a serial line
                                                oled.py      SSD1306 and SH1106 on I²C
"""
