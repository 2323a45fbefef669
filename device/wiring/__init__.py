"""Wiring tables and drawings for technicians, made from a board's profile and its header.

pin_table.py     PURE: which wire goes to which pin, and the components in between
drawing.py       PURE: the same as a drawing of the header on one sheet of A4
circuits.py      PURE: the circuits of a button, a light and a beeper, below the drawing
svg.py           PURE: the SVG elements of both
document.py      PURE: table and drawing as a Markdown page
overlay.py       PURE: the keys as a device-tree overlay, with which the kernel reads them itself
__main__.py      `python -m device.wiring` writes all of these files
wiring_words.py  PURE: their texts, in English and Chinese
"""
