"""How the window asks for a rating, and what it may learn.

desks.py       opens the desks that the configuration names
opening.py     opens the desk that the configuration asks for

The HTTP API, from the wire inwards:

door.py        lets a call past or answers why not
admission.py   the door's rules: token, ticket, origin, patience
http.py        the calls, from wishes to answers
turns.py       whose turn it is on the loop: a press goes first
wire.py, mistakes.py   PURE: wishes, answers, events and errors, as types
live.py        events over a WebSocket; news.py is what is new (PURE)
plugin.py      a shim for window software that calls a plug-in
pages.py       the clerk's page and the JavaScript client, in page/
openapi.py     the OpenAPI document, made of the types

bus68.py       in the place of an old key pad on the hall controller's RS-485 bus
bus68_talk.py  PURE: what a frame on that bus means, what is said when
"""
