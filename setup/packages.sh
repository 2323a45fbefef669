#!/bin/sh
# The Debian packages that the tests use. Installs what is missing as root or by a sudo that asks
# for no password; otherwise prints the one command and goes on: the tests then say at their end
# what was left out. With RATINGPAD_NO_SKIPS=1 (CI) what is missing is an error.
set -eu

# executable or file that shows that it is installed | package | what for
wanted='
mosquitto|mosquitto|the broker of the journeys
pg_ctl|postgresql|the province store on PostgreSQL
pgbouncer|pgbouncer|the same behind a pooler
chromium|chromium|the demo in a browser
strace|strace|syncs and bytes per rating
aplay|alsa-utils|the spoken prompts through ALSA
espeak-ng|espeak-ng|making the spoken prompts
systemd-analyze|systemd|systemd'"'"'s own check of the service files
dtc|device-tree-compiler|the overlay of the keys
man|man-db|the manual pages of the commands
udevadm|udev|the device rules in the virtual machine
font|fonts-noto-cjk|Chinese on the browser'"'"'s screenshots
node|nodejs|the pad and the receiver in JavaScript, for the contract
npm|npm|their MQTT client
curl|curl|the examples of the document for window systems
venv|python3-venv|the environment itself
qemu-system-x86_64|qemu-system-x86|Debian'"'"'s own kernel in a machine, with real pins and input devices
gcc|gcc|gpio-sim, the one module that this kernel lacks
elf|libelf1|the same
'
# setup/packages.sh rigs: what only `make test-rigs` uses besides.
[ "${1:-}" != rigs ] || wanted="$wanted"'
qemu-system-aarch64|qemu-system-arm|an arm64 machine, as a Pi is
aarch64-linux-gnu-gcc|gcc-aarch64-linux-gnu|gpio-sim for it
mmdebstrap|mmdebstrap|the card of a pad with a touchscreen
mke2fs|e2fsprogs|the same
'

is_here() {
  case "$1" in
    pg_ctl) for found in /usr/lib/postgresql/*/bin/pg_ctl; do [ -x "$found" ] && return 0; done
      command -v pg_ctl >/dev/null 2>&1 ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    font) [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] ||
      { command -v fc-list && [ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ]; } ;;
    elf) set -- /usr/lib/*-linux-gnu*/libelf.so.1; [ -e "$1" ] ;;
    venv) [ -x .venv/bin/python ] || "${PYTHON:-python3}" -c 'import ensurepip, venv' ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" ;;
  esac >/dev/null 2>&1
}

missing=""
list_missing() {
  missing=$(printf '%s\n' "$wanted" | while IFS='|' read -r proof package _; do
    [ -z "$proof" ] || is_here "$proof" || printf ' %s' "$package"
  done)
}

list_missing
[ -n "$missing" ] || exit 0

command="apt-get install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "-- not here, install by your own package manager:$missing"
elif [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
  sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo -n"
  echo "-- installing for the tests:$missing"
  mkdir -p .cache
  if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive $command; } \
    >.cache/packages.log 2>&1 </dev/null; then
    tail -n 15 .cache/packages.log
    echo "-- that failed; the tests go on without (the whole log: .cache/packages.log)"
  fi
else
  echo "-- some tests need packages that only root may install. The one command:"
  echo "   sudo $command"
fi

list_missing
if [ -n "$missing" ] && [ "${RATINGPAD_NO_SKIPS:-}" = 1 ]; then
  echo "-- RATINGPAD_NO_SKIPS=1 and still not here:$missing" >&2
  exit 1
fi
