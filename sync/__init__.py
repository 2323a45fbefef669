"""What both ends say to each other.

entries.py    PURE: the kinds of ledger entry, and their canonical bytes
messages.py   PURE: batch, receipt, state, health, desired, reported, command; topics; encoding
error_codes.py PURE: the row of an error code, its words in Chinese, the exception that carries one
identity_text.py PURE: the canonical form of cases, steps, matters, clerks and windows
shown_text.py PURE: stored text and numbers as something that is safe to show
beijing_time.py PURE: China's time of day, as people read and type it
json_text.py  PURE: JSON that any terminal can show
csv_lines.py  PURE: a table for a spreadsheet, in which nothing is run
open_files.py are the files that SQLite has open still at their paths
missing_extra.py what to type where a library is not installed
regular_file.py reads a file that must not be a pipe, a device or endless
arguments.py  the parsers of our commands: numbers with bounds, safe messages
language.py   Chinese or English by the locale; strings/ has the catalogues
sentence.py   PURE: an English sentence that can be said in another language later
columns.py    PURE: text in a terminal's columns
error_report.py PURE: what `--json` prints of an error
printing.py   what a command prints: for a person, translated and coloured; for a program, JSON
progress.py   how far a long command is, on a terminal
system_reasons.py PURE: why the operating system refused something
terminal.py   how our commands run: encodings, closed pipes, the log
desk_fields.py PURE: the fields in which a desk asks for something, and their bounds
phone_token.py PURE: the token in a QR code by which a phone may rate
unique_names.py PURE: JSON in which a name is there twice
schema.py     JSON Schema and AsyncAPI, generated from the types
delivery.py   PURE: what the pad sends next
acceptance.py PURE: whether the province stores a batch
batch_size.py PURE: how many entries the next batch may have
link_rate.py  PURE: how many batches may be on their way
uplink_ports.py PURE: what the uplink needs of the pad
store_port.py PURE: what the receiver needs of a store
uplink.py     the pad's end of the connection
receiver.py   the province's end
store_worker.py stores what pads send, answers and acknowledges, on a thread of its own
commands.py   carries out each command once and publishes its result
response_topic.py PURE: where the answer to a command may be published
pad_queue.py  PURE: a queue that gives each pad its fair share
refusal_budget.py PURE: how many refused messages of a pad are kept
store_backoff.py PURE: who waits, and until when, after the store could not take something
receipts.py   which receipts are sent, and what happens to one that cannot be
trouble_log.py one log line for each changed reason
receiver_counts.py what a receiver has stored, for its log
inbox.py      what a connection has received and not dealt with, bounded
mqtt.py       one MQTT connection within the limits of both ends
paho_client.py paho's client behind a guard; with mqtt.py the only one that imports paho
packet_guard.py PURE: what a broker may send to a client
reconnect.py  PURE: how long a client waits before it connects again
obstacles.py  PURE: which of a broker's reason codes somebody must act on
obstacle_reports.py tells the pad which obstacles there are
connection_log.py what a client logs about its connections
codes/        dated tables of official numbers
"""

__version__ = "0.1.0"
