"""What runs on the pad.

agent.py          composition root: starts and stops everything below
startup.py        from the pad's file to the agent; what cannot start is tried again
failed_start.py   the screen of an agent that cannot start
ledger_report.py  what `ratingpad verify` prints
cli.py            `ratingpad`: its commands are in commands/
pad.py            the running pad: events in, effects out
ports.py          PURE: what drivers must offer and what desks may ask
events.py         PURE: what can happen, and what follows
errors.py         PURE: stable codes and remedies
errors_zh.py      PURE: the same codes in Chinese
os_errors.py      what an error of the operating system means: words, code, whose file
config_errors.py  PURE: reading TOML tables as types, with every mistake in one report
retried_start.py  a part that the pad can do without: started, and tried again
loop_bridge.py    calls from other threads onto the agent's loop

commands/   the commands of `ratingpad`, one module each
session/    PURE: invitation, press, thanks: a table of states
ledger/     the append-only table, its file, its thread
ledger_view/ what is in a ledger, for technicians and auditors
board/      what a board has: profiles, headers, key maps
config/     the pad's configuration file
drivers/    keys, display, lights, sound and clocks: one vendor library, one module
serial/     serial lines, shared by key pads and the hall's bus
desk/       how the clerk's side asks for a rating: HTTP, WebSocket, plug-in, bus
ui/         pictures for the display, and the touch page
output/     from a scene to display, lights, sound and touch page
link/       the province: receipts, desired configuration, commands
system/     clock, health, systemd, installed files
setup/      makes a pad of a bare system, with the standard library only
selftest/   a technician's walk through every part
wiring/     wiring tables and drawings from the board profiles
"""
