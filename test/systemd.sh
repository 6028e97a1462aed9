#!/bin/bash
# systemd as the first process of namespaces of its own, over an overlay of this machine's files: nothing done in it is left behind.
#   systemd.sh up FOLDER [BOUND ...]    boot; FOLDER holds its state, each BOUND folder is the real one, seen in there as well
#   systemd.sh in FOLDER COMMAND ...    run a command in there
#   systemd.sh down FOLDER              end it
# Exit status 77 from `up`: this machine cannot (not root, no systemd, no namespaces), with the reason on stderr.
set -u
cannot() { echo "cannot boot systemd here: $*" >&2; exit 77; }

# The new first process, before it is systemd: make the root, move into it.
if [ "${1:-}" = boot ]; then
  set -eu
  dir=$2; shift 2
  mount --make-rprivate /
  mount -t tmpfs none "$dir/disk"
  mkdir "$dir/disk/upper" "$dir/disk/work" "$dir/disk/root"
  mount -t overlay none -o "lowerdir=/,upperdir=$dir/disk/upper,workdir=$dir/disk/work" "$dir/disk/root"
  root=$dir/disk/root
  mount -t proc none "$root/proc"
  # What is not per namespace must not be changed from in there: systemd would set the real kernel's parameters.
  for shared in sys sysrq-trigger; do
    [ -e "$root/proc/$shared" ] || continue
    mount --bind "$root/proc/$shared" "$root/proc/$shared"
    mount -o remount,bind,ro "$root/proc/$shared"
  done
  mount -t sysfs -o ro none "$root/sys"
  mount -t cgroup2 none "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=755 none "$root/dev"
  for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  ln -s /proc/self/fd "$root/dev/fd"
  for n in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${n%:*}" "$root/dev/${n#*:}"; done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 none "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  mount -t tmpfs none "$root/run"
  mount -t tmpfs -o mode=1777 none "$root/tmp"
  for bound; do mkdir -p "$root$bound"; mount --bind "$bound" "$root$bound"; done
  od -An -tx1 -N16 /dev/urandom | tr -d ' \n' >"$root/etc/machine-id"
  echo lmtest >"$root/etc/hostname"
  ip link set lo up
  cd "$root"
  mkdir run/old
  pivot_root . run/old
  umount -l run/old
  mount --make-rshared / # services with credentials get theirs by mount propagation
  exec env -i container=lm PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd systemd.unit=basic.target
fi

what=$1 dir=$2
shift 2
groups=/sys/fs/cgroup/unified
[ -d "$groups" ] || groups=/sys/fs/cgroup
group=$groups/$(echo "lm$dir" | tr / -)

case $what in
up)
  [ "$(id -u)" = 0 ] || cannot "not root"
  [ -x /lib/systemd/systemd ] || cannot "no systemd"
  mkdir -p "$dir/disk" && mkdir "$group" 2>/dev/null || cannot "no control group of its own"
  unshare --mount --pid --fork sh -c 'mount -t tmpfs none "$1/disk"' - "$dir" 2>/dev/null || { rmdir "$group"; cannot "no namespaces"; }
  (
    echo "$BASHPID" >"$group/cgroup.procs" || exit 1
    exec unshare --pid --mount --uts --ipc --net --cgroup --fork --kill-child=KILL "$0" boot "$dir" "$@" </dev/null >"$dir/log" 2>&1
  ) &
  echo $! >"$dir/outer"
  for _ in $(seq 150); do
    first=$(cat "/proc/$!/task/$!/children" 2>/dev/null) && first=${first% }
    if [ -n "$first" ] && [ "$(cat "/proc/$first/comm" 2>/dev/null)" = systemd ]; then
      state=$(nsenter -t "$first" -a systemctl is-system-running 2>/dev/null)
      case $state in running | degraded) echo "$first" >"$dir/first"; echo "$state"; exit 0 ;; esac
    fi
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  cat "$dir/log" >&2
  "$0" down "$dir"
  exit 1
  ;;
in)
  exec nsenter -t "$(cat "$dir/first")" -a env -i HOME=/root LANG=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  ;;
down)
  outer=$(cat "$dir/outer")
  [ ! -e "$dir/first" ] || kill -s RTMIN+4 "$(cat "$dir/first")" # poweroff.target at once
  for _ in $(seq 50); do kill -0 "$outer" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$outer" 2>/dev/null
  for _ in $(seq 20); do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    [ -d "$group" ] || break
    sleep 0.1
  done
  rm -rf "$dir/disk" "$dir/log" "$dir/outer" "$dir/first"
  ;;
*) echo "systemd.sh: up, in or down" >&2; exit 2 ;;
esac
