"""How the clerk's side asks for a rating, and what it may learn.

desks.py          opens the desks that the configuration names
start.py          opens the HTTP desk

The HTTP API, from the connection inwards:

middleware.py     admits a request or answers why not
admission.py      the rules: token, ticket, origin, rate limit
http.py           the app
api.py            the operations of the API, with their types
press_priority.py requests wait while a press is being committed
schemas.py        PURE: request bodies, answers and events, as types
api_errors.py     PURE: the errors, as data
event_stream.py   events over a WebSocket; window_diff.py is what has changed (PURE)
plugin.py         a shim for window software that calls a plug-in
plugin_answers.py what the shim answers, as JSON or as a script (JSONP)
pages.py          the clerk's page and the JavaScript client, in static/
clerk_words.py    the page's words, in strings/
openapi.py        the OpenAPI document, made of api.py

bus68.py          takes the place of an old key pad on the hall controller's RS-485 bus
bus68_protocol.py PURE: what a frame on that bus means, and when which is sent
"""
