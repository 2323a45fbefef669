"""What the citizen sees.

screens.py       PURE: from a scene to rows of text
oled_rows.py     a row of text at a size that can be read, in one line or several
oled_pages.py    which rows are shown at the same time, and what takes turns
oled_picture.py  from a page to a 1-bit picture
words.py         the texts for the public
fonts.py         one font face for each language
qr_url.py        PURE: the address in a QR code
qr.py            a QR code as modules
burn_in.py       PURE: moves and dims what an OLED shows for hours
touch/           the page on a touchscreen
strings/         the texts, one file for each language; public texts are written nowhere else
"""
