"""One module for each format of the store; Alembic reads them as files.

format_1.py  the first format; nothing to do
format_2.py  ratings have a channel
format_3.py  Alembic keeps the format's number
format_4.py  like incidents are one row
format_5.py  ratings are found by time
"""
