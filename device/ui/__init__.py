"""What the citizen sees.

screens.py       PURE: from a scene to rows of text
oled_picture.py  from rows of text to a 1-bit picture
words.py         the texts for the public
fonts.py         one font face for each language
qr_url.py        PURE: the address in a QR code
qr.py            a QR code as modules
burn_in.py       PURE: moves and dims what an OLED shows for hours
touch/           the page on a touchscreen
strings/         the texts, one file for each language; public texts are written nowhere else
"""
