"""The whole product on one machine: pads, broker, receiver, and one page to play with them.

cli.py              the command `ratingpad-demo`
stage.py            starts and stops the real programs
demo_server.py      the page's HTTP server; its files are in static/
demo_words.py       the page's words, in strings/
view_model.py       what the page shows
story.py            the same story in a terminal
staged_pad.py       one pad: its program, its network, its power, its card, its clerk
control_client.py   the citizen: presses keys and sees the display, over the simulator's socket
desk_client.py      the clerk: the desk's HTTP API
tcp_proxy.py        the network cable between pad and broker
broker.py           the broker
db_readers.py       reads the databases of both ends
delivery_count.py   PURE: pressed, thanked, stored, lost, doubled
hints.py            PURE: what has been seen, and what to try next
scene_reader.py     which scene a picture shows
processes.py        starts and kills programs
die_with_parent.py  a program that dies with the one that started it

No rating passes through this package: the programs are those that run in a hall.
"""
