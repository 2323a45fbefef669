"""The computer that the pad runs on.

clock.py         the time of day and how far it may be trusted
health.py        the faults that stand now, and the health report
systemd.py       readiness, watchdog and status by sd_notify
system_files.py  the unit, udev and configuration files that a pad installs
"""
