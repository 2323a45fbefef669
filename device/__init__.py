"""What runs on the pad, by what it is about.

the whole    agent.py composition root · pad.py events in, effects out · events.py the nouns
             cli.py commands · errors.py stable codes and remedies · health.py faults now
session      session/ invitation, press, thanks: a table of states (PURE)
             cases.py what was asked for already
ledger       ledger/ the append-only table, its file, its one thread; what it tells at a start
time         clock.py trusted time
told         config/ the pad's file and the province's wishes · problems.py all of them at once
board        board/ what it has: profiles, headers, key maps
keys         drivers/ one vendor's library, one door each · frame68.py, serial_line.py shared lines
display      ui/ screens and their drawing · showing.py · signals.py lights and sound
             touching.py the touch page · phone_codes.py the QR's text · recordings.py the voice
threads      loop.py what stands between them and the agent's loop
window       desk/ how a rating is asked for · desks.py opens them · web/ the server they share
province     link.py what the pad hears and answers
technician   selftest/ · wiring/ · units.py, notify.py systemd
"""
