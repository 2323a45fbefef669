#!/bin/sh
# Write the two lock files: exact versions, with the hashes of every file of each version.
#
#   setup/build.lock   what builds the project itself and packages that have no wheel
#   setup/dev.lock     what tests and lint need (the extras test and lint)
#
# They hold for Python 3.11 and later on x86_64 and aarch64: markers choose. Versions that still fit
# setup.cfg stay; `make lock ARGS=--upgrade` takes the newest. Which package index was asked is not
# written down, because a developer's may be private.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"

# An environment of its own: .venv cannot be made when the lock lacks a package.
tool=.cache/lock
[ -x "$tool/bin/uv" ] || {
  "$PYTHON" -m venv --clear "$tool"
  "$tool/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.8,<1'
}

lock() {
  output="$1"; shift
  "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
    --output-file "$output" "$@"
}

lock setup/dev.lock setup.cfg --extra test --extra lint "$@"
echo 'setuptools>=77' | lock setup/build.lock - "$@"
