"""Data for the operating system and for wiring; no code.

boards/*.toml   one file for each board: its driver, its lines, its times
headers/*.toml  one file for each row of pins: which pin is which line, power or bus
overlays/*.dts  the keys as a device-tree overlay, with which the kernel reads them itself
keypads/*.toml  one file for each model of key pad, serial or input device: which code is which key
systemd/*       the service, a touchscreen's browser, users, folders, watchdogs
man/            the manual pages of our commands, in English and Chinese
completions/*   bash's completion of our commands
udev/*.rules    device names that do not change, and which input device is a key pad
"""
