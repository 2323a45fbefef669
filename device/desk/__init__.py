"""How the window asks for a rating, and what it may learn.

base.py    the port: what every desk may wish and what a clerk may know
wire.py    the local HTTP API's wishes, answers and errors, as types
http.py    the local HTTP API (the one door to starlette)
server.py  serves it on the agent's loop (the one door to uvicorn)
"""
