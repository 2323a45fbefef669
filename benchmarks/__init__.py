"""Side by side with the physical limit and with peers: `make bench`, `make bench-peers`.

Every row of the table is a ratio. Both sides of it are measured in the same run on the same disk,
one after the other in rounds, and the medians of the rounds are compared: an absolute number says
more about the machine than about the program.

`press` one key press until thanks    `drain` a backlog until its receipts    `wire` bytes sent
`idle` memory, CPU, start             `kills`, `cuts`, `losses` what is lost   `ingest` the store
`peers/` the other programs, as they are shipped; `pads/` ours, as child processes of their own.

Nothing here asserts a time: a slow machine gives a poor figure, never a failed run. Nothing
leaves loopback, every wait has an end, and what was started is stopped.
"""
