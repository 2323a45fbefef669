"""What the citizen sees.

screens.py  PURE: a scene to rows of text    oled_picture.py   rows to a 1-bit picture
words.py    the public wording               fonts.py  one face for each language
qr_url.py     PURE: where a QR code leads      qr.py     a QR code as modules
burn_in.py     PURE: what spares an OLED at rest
touch/      the page on a touchscreen
strings/    the wording itself, one file for each language; nothing public is written elsewhere
"""
