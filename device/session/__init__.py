"""The rating session: from an invitation to thanks, or to a lapse. All of it is pure.

session.py         `Session`, and the theory of operation
transitions.py     the table: state, event, guard, action, next states
actions.py         what a row does
guards.py          whether a row fits
context.py         the variables, and the small moves that actions are made of
states.py          the states
cases.py           which invitations a case and its step have had
window_day.py      how many were invited today, and the newest cases
repeating_keys.py  which keys are pressed again and again unasked
diagram.py         the drawing of the table, for docs/session.md
"""
