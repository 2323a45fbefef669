"""The other programs that keep readings at the edge and send them later, as they are shipped.

thingsboard      thingsboard-gateway from PyPI with its SQLite store: the nearest relative, with
                 the same language, database and purpose
thingsboard_put  puts into that store, inside the peer's own environment
bridge           mosquitto's own bridge
paho_queue       a program that hands its readings to an MQTT client's queue
reader           an ordinary subscriber at the centre
install          installs the peers on demand
"""
