"""Web servers on the agent's own loop, for what callers on this machine or in the hall ask.

server.py    serves an app: no signals taken, no idle wake-ups (the one door to uvicorn)
listener.py  the socket: so many connections at once and no more
origins.py   what a browser calls the origin of a page
"""
