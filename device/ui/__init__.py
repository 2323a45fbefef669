"""What the citizen sees.

screens.py  PURE: a scene to rows of text    oled.py   rows to a 1-bit picture
words.py    the public wording               fonts.py  one face for each language
strings/    the wording itself, one file for each language; nothing public is written elsewhere
"""
