"""The other programs that keep readings at the edge and send them later, as they are shipped.

`thingsboard` is thingsboard-gateway from PyPI with its SQLite store (the nearest relative: same
language, same database, same purpose); `bridge` is mosquitto's own bridge; `paho_queue` is what
a program gets that hands its readings to an MQTT client and hopes.
"""
