"""The public wording, one TOML file for each language; read by `device/ui/words.py`."""
