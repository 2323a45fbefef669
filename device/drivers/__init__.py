"""Hardware behind ports: one module for each vendor library, imported only when a profile names it.

registry.py       from the word of a driver to a board; the words: `device/board/driver_names.py`
linux.py          a board put together from parts
sim/              a board without hardware
kernel_clocks.py  the clocks of every Linux

keys      gpio_keys.py on pins (debounce.py, PURE: line levels to presses) · serial68.py on a
          serial line · evdev_keys.py an input device (input_nodes.py finds it; chords.py, PURE: key
          downs and ups to presses) · no_keys.py none
display   display_worker.py its thread · oled.py SSD1306 and SH1106 · oled_bus.py I²C and SPI ·
          frame_diff.py PURE: which parts of a picture to send
signals   latest_worker.py a thread for each part · gpio_lights.py · gpio_beeper.py · alsa_voice.py
pins      rpi_pins.py a Raspberry Pi's
"""
