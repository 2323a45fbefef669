#!/bin/sh
# Make or mend .venv:  setup/venv.sh demo   what `make demo` needs, nothing else
#                      setup/venv.sh dev    that, and what tests and lint need
# Called by the Makefile; a stamp in .venv says that the work is done.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"

say() { printf '%s\n' "-- $*"; }
stop() { printf '\n%s\n\n' "$*" >&2; exit 1; }

case "${1:-}" in
  demo) extras="demo" stamps=".venv/.demo" ;;
  dev) extras="test,lint" stamps=".venv/.demo .venv/.dev" ;;
  *) stop "usage: setup/venv.sh demo|dev" ;;
esac

command -v "$PYTHON" >/dev/null 2>&1 ||
  stop "There is no $PYTHON here. Install Python 3.11 or later, or say which: make PYTHON=python3.12 ..."
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$PYTHON is $("$PYTHON" -V 2>&1); 3.11 or later is needed. Say which: make PYTHON=python3.12 ..."

# Two terminals may start at once; the second waits for the first.
if command -v flock >/dev/null 2>&1 && [ -z "${RATINGPAD_VENV_LOCKED:-}" ]; then
  mkdir -p .cache
  RATINGPAD_VENV_LOCKED=1 exec flock .cache/venv.lock sh setup/venv.sh "$1"
fi

# A half-made environment, or one whose interpreter has gone, is made anew.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "$PYTHON cannot make virtual environments. On Debian and its kin:  sudo apt-get install python3-venv"
  say "1/2 a Python environment in .venv ($("$PYTHON" -V 2>&1))"
  "$PYTHON" -m venv --clear .venv
fi

say "2/2 the parts it needs [$extras]; the first time this takes a minute or two"
mkdir -p .cache
log=.cache/venv.log
PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 \
  .venv/bin/python -m pip install --editable ".[$extras]" 2>&1 | tee "$log" |
  while IFS= read -r line; do
    case "$line" in
      "Collecting "*) name=${line#Collecting }; printf ' %s' "${name%%[<>=!~[ (]*}" ;;
      "Processing "*.whl*) name=${line%%-[0-9]*}; printf ' %s' "${name##*/}" ;;
      "Installing collected"*) printf '\n   unpacking them ...' ;;
    esac
  done
echo
# The pipe hides pip's own verdict, so the environment itself is asked.
.venv/bin/python -m pip check >>"$log" 2>&1 && ! grep -q '^ERROR' "$log" || {
  tail -n 12 "$log" >&2
  stop "The parts could not be installed (the whole log: $log). The next make tries again."
}
for stamp in $stamps; do : >"$stamp"; done
say "ready"
