"""Our side of the comparisons, each a child process of its own as the peers are.

press_pad        a pad without a board: presses on request, and the bare disk beside them
pressed_pad      a pad that is pressed without end and killed without warning
desk_pad         the pad of press_pad with its desk open; callers calls it
callers          ten and more programs that call one desk
baseline_server  a server that is no pad, for the same callers
drain_pad        writer and uplink on a ledger with a backlog, which backlog makes
backlog          a ledger with a backlog in it
flooding_pad     a rogue pad that publishes what is no batch
glass_pad        a pad with keys and an OLED on a bus that takes its time
key_readers      our drivers of keys and a bare reader; presser presses for both
presser          presses on request, in a process of its own
salvage_pad      opens a large ledger, and says how long it took and how much memory
listed_pad       commits to a ledger that others list meanwhile
config           the configuration file of a five-key pad
"""
