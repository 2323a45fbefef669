"""How the window asks for a rating, and what it may learn.

base.py    the port: what every desk may wish and what a clerk may know
http.py    the local HTTP API (the one door to starlette)
"""
