"""From the session's scenes to what people see and hear. Nothing here delays a commit.

display_output.py  a scene to the display: words, picture, display thread
signal_output.py   a scene to lights, beeper and voice
touch_output.py    the session to the touch page, and the page's touches back as events
opening_progress.py  how far opening a large ledger is, on the screen
phone_codes.py     the text of the QR code by which a citizen rates on the phone
recordings.py      the recordings of the spoken prompts, made with espeak-ng
"""
