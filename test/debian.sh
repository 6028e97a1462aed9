#!/bin/bash
# A fresh Debian of this machine's release, made by debootstrap in memory, in namespaces of its own: nothing of it is left afterwards.
#   debian.sh FOLDER SCRIPT     run SCRIPT (sh) in it as root; FOLDER is seen as /mnt in there
# The mirror is the one that this machine's apt uses. Exit status 77 when this machine cannot, with the reason on stderr.
set -eu
cannot() { echo "cannot make a fresh Debian here: $*" >&2; exit 77; }

if [ "$1" = inside ]; then
  dir=$2 script=$3 release=$4 mirror=$5
  mount --make-rprivate /
  mount -t tmpfs -o size=2G none "$dir/root"
  debootstrap --variant=minbase --include=man-db,procps,curl,libstdc++6 "$release" "$dir/root" "$mirror" >"$dir/log" 2>&1 ||
    { tail -n 5 "$dir/log" >&2; cannot "debootstrap of $release from $mirror fails"; }
  mount -t proc none "$dir/root/proc"
  mount --bind "$dir" "$dir/root/mnt"
  exec env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$dir/root" sh -c "$script"
fi

dir=$1 script=$2
[ "$(id -u)" = 0 ] || cannot "not root"
command -v debootstrap >/dev/null || cannot "no debootstrap"
release=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || cannot "not a Debian"
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(CREATED_BY) $(COMPONENT)' | sed -n "s/ $release Packages main\$//p" | head -n 1)
[ -n "$mirror" ] || cannot "apt knows no mirror of $release"
unshare --mount --pid --fork true 2>/dev/null || cannot "no namespaces"
mkdir -p "$dir/root"
exec unshare --mount --pid --fork --kill-child=KILL "$0" inside "$dir" "$script" "$release" "$mirror"
