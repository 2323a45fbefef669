"""The computer that the pad runs on.

clock.py         the time of day, and how far it may be trusted
health.py        the faults there are now, and the health report
recent_starts.py how often the agent was started lately: a restart loop
stop_deadline.py the agent ends within a deadline, whatever hangs
systemd.py       readiness, watchdog and status by sd_notify
system_files.py  the units, udev rules and other system files that a pad installs
"""
