"""The rating session: from an invitation to thanks, or to a lapse. All of it is pure.

session.py   `Session`, and the theory of operation
transitions.py every state and event as rows of data
context.py   the variables and the rows' guards
actions.py   what the rows do
cases.py     which invitations a case and its step have had
diagram.py   the drawing of the table, for docs/session.md
"""
