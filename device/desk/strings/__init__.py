"""The wording of the clerk's page, one file for each language."""
