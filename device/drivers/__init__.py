"""Hardware behind ports: one module for each vendor library, imported only when a profile names it.

registry.py       finds a driver by its word and builds the board; the words are in
                  `device/board/driver_names.py`
linux.py          a board made from parts
sim/              a board without hardware
kernel_clocks.py  the clocks of every Linux

keys      gpio_keys.py on pins (debounce.py, PURE: from line states to presses) · serial68.py on a
          serial line · evdev_keys.py an input device (input_nodes.py finds it; chords.py, PURE:
          from key events to presses) · no_keys.py none · key_events.py PURE: what they deliver
display   display_worker.py its thread · oled.py SSD1306 and SH1106 · oled_bus.py I²C and SPI ·
          frame_diff.py PURE: which parts of a picture to send
signals   latest_worker.py the thread of one part · gpio_lights.py · gpio_beeper.py · alsa_voice.py
pins      rpi_pins.py those of a Raspberry Pi
"""
