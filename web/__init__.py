"""What every HTTP server of ours shares. Imports nothing else of ours.

server.py       serves an ASGI app on the caller's loop (the only module that imports uvicorn)
listener.py     the listening socket, with a limit on open connections
tls.py          the TLS context
origins.py      PURE: what a browser calls the origin of a page
rate_limit.py   PURE: a token bucket for each caller
ws_tickets.py   PURE: single-use tickets for WebSockets, which carry no Authorization header
refusal_log.py  PURE: counts refused requests, and which of them are worth a log line
"""
