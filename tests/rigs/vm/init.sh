#!/bin/sh
# The first process of a machine of the kernel rigs: load the modules, lay a writable layer over
# the root that the host shares, mount what the host shares besides, and start what commands.
#
# From the kernel's command line:
#   rig.shares=TAG:PATH,...   what the host shares and where: `ro` under a layer, `rw` as it is
#   rig.python=PATH           the interpreter inside; it runs inside.py
#   rig.inside=PATH           inside.py
#   rig.disk=DEVICE           an ext4 file system that is the root, instead of the share `root`
#   rig.init=PATH             that becomes process 1 instead, and starts inside.py as a service
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev

while read -r module options; do
  # shellcheck disable=SC2086  # several options are several words
  $b insmod "/modules/$module.ko" $options || echo "rig: no module $module"
done </modules/order

option() { $b sed -n "s/.*\brig\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

# The host's files do not change under a machine, so the loose cache is right; `share` is written
# and read by both and has none.
mount_9p() { $b mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"; }

$b mount -t tmpfs over /over
layered() {
  $b mkdir -p "/host/$1" "/over/$1/up" "/over/$1/work"
  mount_9p "$1" "/host/$1" ro,cache=loose
  $b mount -t overlay -o "lowerdir=/host/$1,upperdir=/over/$1/up,workdir=/over/$1/work" overlay "$2"
}
disk=$(option disk)
if [ -n "$disk" ]; then
  $b mount -t ext4 "$disk" /new || echo "rig: no disk"
else
  layered root /new || echo "rig: no root"
fi

for place in dev proc sys run tmp var/tmp; do $b mkdir -p /new/$place; done
$b mount --bind /dev /new/dev
for place in /new/dev/pts /new/dev/shm; do $b mkdir -p $place; done
$b mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /new/dev/pts
$b mount -t tmpfs shm /new/dev/shm
$b mount -t proc proc /new/proc
$b mount -t sysfs sysfs /new/sys
$b mount -t configfs configfs /new/sys/kernel/config
$b mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
for place in /new/run /new/tmp; do $b mount -t tmpfs -o mode=1777 tmpfs $place; done
for share in $(option shares | $b tr , ' '); do
  tag=${share%%:*} place=/new${share#*:}
  $b mkdir -p "$place"
  case $tag in
    ro*) layered "$tag" "$place" ;;
    rw*) mount_9p "$tag" "$place" rw,cache=none ;;
  esac
done
$b ifconfig lo 127.0.0.1 up
$b hostname rig
echo "rig: mounted"

init=$(option init)
if [ -n "$init" ]; then
  $b rm -f /new/.dockerenv # the host may be a container; this is none, and systemd asks
  units=/new/run/systemd/system
  $b mkdir -p $units
  $b cat >$units/rig.target <<X
[Unit]
Requires=basic.target rig.service
After=basic.target
AllowIsolate=yes
X
  # Another target may be asked for by systemd.unit=; it wants the commands, too.
  $b mkdir -p $units/multi-user.target.wants
  $b ln -s ../rig.service $units/multi-user.target.wants/rig.service
  $b cat >$units/rig.service <<X
[Unit]
After=basic.target
[Service]
ExecStart=$(option python) $(option inside)
X
  exec $b switch_root /new "$init"
fi
$b chroot /new "$(option python)" "$(option inside)"
echo "rig: commands ended"
$b poweroff -f
