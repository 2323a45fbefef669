"""What the OS and the soldering iron read; no code.

boards/*.toml   one file for each board: its driver, its lines, its times
keypads/*.toml  one file for each model of serial key pad: which code is which key
"""
