"""Which tests of `web` run: those with other versions of uvicorn fetch them, so only in the long
runs.
"""

import os

LONG = os.environ.get("RATINGPAD_LONG") == "1"

collect_ignore = [] if LONG else ["test_server_versions.py"]
