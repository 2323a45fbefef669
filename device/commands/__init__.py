"""The commands of `ratingpad`, one module each: its arguments, what it prints, its exit code.

check_command.py     reports every mistake in a configuration
ledger_command.py    what is in a ledger, and copies for evidence
ledger_runs.py       what that command does
run_command.py       runs the agent
selftest_command.py  walks through every part of a pad
setup_command.py     makes a pad of this computer
units_command.py     writes the files of systemd and udev
verify_command.py    checks a ledger
voice_command.py     makes the spoken prompts
wiring_command.py    prints how a board is wired

json_reports.py      what they print with `--json`
command_errors.py    the exit codes, and how a command says what is wrong
"""
