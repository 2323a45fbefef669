"""The touch page: what a citizen sees and touches in a kiosk's browser, on loopback.

The agent alone owns the session. The page draws the state that it is sent and reports touches; what
they mean is decided here.

sizes.py          PURE: the least size of a target and of text
page_state.py     PURE: what the page is sent
page_view.py      PURE: from the pad's state to that
reports.py        PURE: what the page reports
touches.py        PURE: from pointers to presses
page_liveness.py  PURE: whether the page is on a screen
page_words.py     the words, from strings/
font_subset.py    the font, reduced to the characters that the page shows
controller.py     the page's state, its question numbers, and what its reports mean
page_server.py    static files and the WebSocket
kiosk_secret.py   the secret that opens the page, in a file for the kiosk's browser
page_start.py     opens all of it
static/           what the browser is given: plain HTML, CSS and JavaScript, no build step
"""
