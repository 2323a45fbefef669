"""The wording of the touch page, one file for each language."""
