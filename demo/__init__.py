"""The whole of it on one machine: pads, broker, receiver, and one page to play with them.

`cli` is the command, `stage` starts and stops the real programs, `web` and `page/` show them in a
browser, `story` tells the same without one. `cable` and `broker` are the network between pad and
province, `panel` and `counter` the hands of citizen and clerk, `books` reads what both ends have
written, `tally` counts it, `hints` says what to try next, `scenes` knows a picture again, `pad`,
`processes` and `leash` start and kill. Nothing here is in the way of a rating:
the programs on the stage are the ones that run in a hall.
"""
