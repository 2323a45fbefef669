"""The whole product on one machine: pads, broker, receiver, and one page to play with them.

cli.py              the command `ratingpad-demo`
stage.py            starts and stops the real programs
demo_server.py      shows them in a browser, with static/
view_model.py       what the page shows
story.py            the same story in a terminal
staged_pad.py       one pad: its program, its network, its power, its clerk
control_client.py   the citizen: presses keys and sees the display, over the simulator's socket
desk_client.py      the clerk: the desk's HTTP API
tcp_proxy.py        the network cable between pad and broker
broker.py           the broker
db_readers.py       reads what both ends have written
delivery_count.py   PURE: pressed, thanked, stored, lost, doubled
hints.py            PURE: what to try next
scene_reader.py     which scene a picture shows
processes.py        starts and kills programs
die_with_parent.py  a program that dies with the one that started it

Nothing here is on a rating's way: the programs are the ones that run in a hall.
"""
