"""What runs on the pad, by what it is about.

the whole    agent.py composition root · pad.py events in, effects out · events.py the nouns
             cli.py commands · errors.py stable codes and remedies · health.py faults now
session      session.py invitation, press, thanks (PURE) · session_table.py its rows as data
             session_acts.py, session_course.py what rows do · session_diagram.py drawn from them
             cases.py, clerk_keys.py what was asked for already, and by which key
ledger       ledger.py the append-only table · ledger_file.py its file · writer.py the one thread
             commits.py the order · verify.py · salvage.py · succession.py · retention.py
             recall.py, lookback.py what it tells an agent that starts
time         clock.py trusted time
told         config.py the pad's file · *_settings.py its parts · desired.py the province's wishes
             profile.py boards · pins.py headers · keypad.py key maps · descriptions.py, problems.py
keys         drivers/ one vendor's library, one door each · frame68.py, serial_line.py shared lines
display      ui/ screens and their drawing · showing.py · signals.py lights and sound
             touching.py the touch page · phone_codes.py the QR's text · recordings.py the voice
threads      loop.py what stands between them and the agent's loop
window       desk/ how a rating is asked for · desks.py opens them · web/ the server they share
province     link.py what the pad hears and answers
technician   selftest/ · wiring/ · units.py, notify.py systemd
"""
