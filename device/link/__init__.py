"""The pad's side of the province: receipts, desired configuration, commands.

province_link.py   hears the uplink: receipts, refusals, diverged ledgers
desired_config.py  the configuration that the province wants, validated, stored and in force
mqtt_commands.py   a queueing system's commands over MQTT
"""
