"""What both ends say to each other.

entries.py    the kinds of ledger entry, and their canonical bytes
messages.py   batch, receipt, state, health, desired, reported, command; topics; encoding
error_codes.py PURE: the row of an error code, and the exception that carries one
desk_fields.py the bounds of what a desk may say, whichever way it comes
schema.py     JSON Schema and AsyncAPI, made from them
delivery.py   PURE: what the pad sends next  acceptance.py  PURE: may this batch be stored
uplink_ports.py PURE: what the uplink asks     store_port.py  PURE: what the receiver asks
uplink.py     the pad's end                  receiver.py    the province's end
commands.py   orders to the pad, each once, answered to whoever asked
mqtt.py       one connection; the only door to paho
phone_token.py PURE: the code that a phone rates with
codes/        dated tables of official numbers
"""

__version__ = "0.1.0"
