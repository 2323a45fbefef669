"""Side by side with the physical limit and with peers: `make bench`, `make bench-peers`.

Every row of the table is a ratio. Both sides of it are measured in the same run on the same disk,
one after the other in rounds, and the medians of the rounds are compared: an absolute number says
more about the machine than about the program.

What is measured, one module for a part of the table:

press_latency    one key press until thanks
key_latency      the edge of a key until its event, for each driver
glass_latency    the edge of a key until thanks is on the glass of an OLED
touch_latency    a touch until it is acknowledged and until thanks; what the page costs
desk_load        the same press while other programs call the desk
salvage          a ledger of a million entries: opened, and salvaged
ledger_listing   a million entries listed, and a press beside a listing
write_cost       syncs and bytes of one rating on the card
backlog_drain    a backlog until its receipts
bad_link         the same over a slow link that is cut again and again
ingest, ingest_rows    the province's store takes a backlog in
rating_list      one window's day in a store of a million ratings; run by itself
rogue_pads       pads that flood the receiver, and what good ones notice
wire_bytes       bytes of one rating on the network
idle_cost        memory, CPU time and start of a pad that nobody presses
service_start    start of the systemd unit until the first key
oled_traffic     bytes of a picture on the bus of an OLED
power_cuts, kills, peer_losses    what is lost
kiosk, kiosk_screen    kiosk browsers; structure: the shape of the source; run by themselves

What they use:

run, rounds      what a run was asked for; contestants by turns
result_table     rows, medians, and how they are printed
scratch, servers, json_lines    folders, child processes, brokers and databases
sample_ratings   the same ratings for every contestant
procfs, syscalls, mqtt_sink, stopwatch_page    measuring
pads/            our side, as child processes; peers/ the other programs, as they are shipped

Rigs are imported from `tests.rigs`, and nothing of this is in the wheel. Nothing here asserts a
time: a slow machine gives a poor figure, never a failed run. Nothing leaves loopback, every wait
has an end, and what was started is stopped.
"""
