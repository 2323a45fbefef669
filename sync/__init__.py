"""What both ends say to each other.

entries.py    the kinds of ledger entry, and their canonical bytes
contract.py   batch, receipt, state, health, desired, reported, command; topics; encoding
delivery.py   PURE: what the pad sends next
uplink.py     the pad's end of MQTT          receiver.py  the province's end
codes/        dated tables of official numbers
"""

__version__ = "0.1.0"
