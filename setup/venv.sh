#!/bin/sh
# Make or repair .venv:  setup/venv.sh demo   what `make demo` needs, nothing else
#                      setup/venv.sh dev    that, and what tests and lint need
# Called by the Makefile; a stamp in .venv says that the work is done.
#
# demo takes any version that setup.cfg allows: it must run on whatever Python a newcomer has.
# dev takes the versions of the lock (setup/lock.sh), so that CI and developers have the same ones;
# RATINGPAD_NEWEST=1 takes the newest that setup.cfg allows, for instance for a newer Python.
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

# A half-made environment, or one whose interpreter is missing, is made anew.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "$PYTHON cannot make virtual environments. On Debian and derivatives:  sudo apt-get install python3-venv"
  say "1/2 a Python environment in .venv ($("$PYTHON" -V 2>&1))"
  "$PYTHON" -m venv --clear .venv
fi

# What pip says, as one line of names; its exit code is kept, which the pipe hides.
mkdir -p .cache
log=.cache/venv.log
: >"$log"
install() {
  { code=0; PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 \
    .venv/bin/python -m pip install "$@" 2>&1 || code=$?; echo "$code" >.cache/venv.code; } |
    tee -a "$log" |
    while IFS= read -r line; do
      case "$line" in
        "Collecting "*) name=${line#Collecting }; printf ' %s' "${name%%[<>=!~[ (]*}" ;;
        "Processing "*.whl*) name=${line%%-[0-9]*}; printf ' %s' "${name##*/}" ;;
        "Installing collected"*) printf '\n   unpacking them ...\n' ;;
      esac
    done
  [ "$(cat .cache/venv.code)" = 0 ] || failed
}
failed() {
  tail -n 12 "$log" >&2
  stop "The packages could not be installed (the whole log: $log). The next make tries again."
}

say "2/2 the packages it needs [$extras]; the first time this takes a minute or two"
if [ "$1" = dev ] && [ "${RATINGPAD_NEWEST:-}" != 1 ]; then
  # Exact versions, each file held against its hash. What builds packages without a wheel comes
  # first, because pip's own environments for that are made without hashes.
  install --require-hashes --requirement setup/build.lock
  install --require-hashes --no-build-isolation --requirement setup/dev.lock
  install --no-deps --no-build-isolation --editable .
else
  install --editable ".[$extras]"
fi
# The environment itself is asked for all that setup.cfg wants: without an index, pip can only find
# what is installed. It fails when the lock does not fit setup.cfg any more.
.venv/bin/python -m pip install --disable-pip-version-check --dry-run --no-index \
  "ratingpad[$extras]" >>"$log" 2>&1 || failed
.venv/bin/python -m pip check >>"$log" 2>&1 || failed
for stamp in $stamps; do : >"$stamp"; done
say "ready"
