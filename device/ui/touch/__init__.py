"""The touch page: what a citizen sees and touches in a kiosk's browser, on loopback.

The agent is the only owner of the session. The page draws the state that it is told and reports
fingers; what they mean is decided here.

sizes.py     PURE: how large a target and a letter must be
state.py     PURE: what the page is told       drawing.py  PURE: from what stands to that
said.py      PURE: what the page reports       fingers.py  PURE: from fingers to presses
wording.py   the words, from strings/          letters.py  the font, cut down to them
sight.py     PURE: whether anybody can see it
page.py      the page's state, its numbers, and what its reports mean
room.py      files and the WebSocket           entry.py    the secret, and who may come in
opening.py   opens all of it
page/        what the browser is given: plain HTML, CSS and JavaScript, no build step
"""
