"""What a technician holds in the hand while wiring a board, made from its profile and its header.

pin_table.py which wire goes to which pin, and what sits between
drawing.py   the same as a drawing of the header on one sheet of A4
circuits.py  the little circuits of a button, a light and a beeper below it
svg.py       PURE: the few strokes that both are drawn with
document.py  table and drawing as a page
overlay.py   the same keys told to the kernel, which then reads them itself
__main__.py  `python -m device.wiring` writes all of it to where it belongs
wiring_words.py what all of it says, in English and Chinese
"""
