"""The hardware behind ports: one door per vendor library, imported only when a profile names it.

registry.py  from a profile's name to a board
linux.py     a board put together from parts      sim/          a board without hardware
kernel.py    the clocks of every Linux            options.py    what a pad's file says to drivers

keys         gpio_keys.py on pins (debounce.py, PURE: levels of lines to presses) · serial68.py on a
             serial line · evdev_keys.py an input device (input_nodes.py which, strokes.py, PURE:
             ups and downs to presses) · no_keys.py none
display      panel.py its thread · oled.py SSD1306 and SH1106 · oled_bus.py I²C and SPI ·
             changes.py PURE: what of a picture to send
signals      outlet.py a part's thread · gpio_lights.py · gpio_beeper.py · alsa_voice.py
pins         rpi_pins.py a Raspberry Pi's
"""
