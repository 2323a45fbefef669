"""How the window asks for a rating, and what it may learn.

base.py    the port: what every desk may wish and what a clerk may know
wire.py    the local HTTP API's wishes, answers and errors, as types
http.py    the local HTTP API (the one door to starlette)
server.py  serves it on the agent's loop (the one door to uvicorn)
bus68.py   in the place of an old key pad on the hall controller's RS-485 bus
bus68_talk.py  PURE: what a frame on that bus means, what is said when
"""
