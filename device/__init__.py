"""What runs on the pad.

agent.py    composition root            session.py  PURE: invitation, press, thanks
ledger.py   the append-only file        writer.py   the one thread that commits to it
clock.py    trusted time                config.py   configuration and board profiles
health.py   faults now                  errors.py   stable codes and remedies
clerk_keys.py  keys of the clerk's own
frame68.py  PURE: the bus's frames      serial_line.py  one door to serial lines
drivers/    keys and displays           desk/       how the window asks for a rating
ui/         screens and their drawing   phone_codes.py  the code that a phone rates with
"""
