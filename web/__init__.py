"""What every HTTP server of ours shares. Imports nothing else of ours.

server.py           serves an ASGI app on the caller's loop; it and connections.py import uvicorn
connections.py      one connection: refuses what cannot be read, and who is too slow
request_head.py     PURE: what a request's head must be, beyond what the parser asks for
log_limit.py        lets each message of a library into the log once a minute
port_holder.py      which process listens on a port
listener.py         the listening socket, with a limit on open connections
tls.py              the TLS context
origins.py          what a browser calls the origin of a page
security_headers.py PURE: content security policy and the other headers of a page
rate_limit.py       PURE: a token bucket for each client
ws_tickets.py       PURE: single-use tickets for WebSockets, which carry no Authorization header
request_target.py   PURE: the path that a request names, read strictly
query_fields.py     PURE: the fields of a query string or form, as bytes
text_charset.py     PURE: which characters those bytes are
strict_json.py      PURE: JSON as one of our types, or one declared error
refusals.py         counts, logs and slows down refusals of a server without admission
refusal_log.py      PURE: counts refused requests, and which of them are worth a log line

An HTTP API:

api_errors.py       PURE: the body of every error, the table of errors, the exception
api_answers.py      JSON answers and errors as Starlette responses
api_routes.py       declares operations with their types; makes Starlette's routes of them
openapi.py          PURE: makes an OpenAPI document of the same operations
"""
