#!/bin/sh
# build.sh TREE INTO: make a Debian package of what `make install PREFIX=/usr DESTDIR=TREE` put there; prints its path.
set -eu
umask 022
tree=$1 into=$2
here=$(dirname "$0")
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$here/../../package.json")

find "$tree/usr/share/man" -type f -exec gzip -9n {} +
for link in "$tree"/usr/bin/lm-*; do ln -sfn "../lib/lm/cmd/$(basename "$link").js" "$link"; done
mkdir -p "$tree/etc/lm" "$tree/DEBIAN"
cp "$here/authorized" "$here/receivers" "$tree/etc/lm"

doc=$tree/usr/share/doc/lm
{ echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
  echo; echo "Files: *"; echo "Copyright: $(sed -n 's/^Copyright (c) //p' "$here/../../LICENSE")"; echo "License: Expat"
  sed -n '5,$s/^/ /p' "$here/../../LICENSE" | sed 's/^ $/ ./'; } >"$doc/copyright"
{ echo "lm ($version) unstable; urgency=medium"; echo; sed -n 's/^- /* /p' "$here/../../CHANGELOG.md" | fold -s -w 74 | sed '/^\*/!s/^/  /; s/^/  /'; echo
  echo " -- the lm authors <lm@localhost>  $(date -R -u -r "$here/../../CHANGELOG.md")"; } | gzip -9n >"$doc/changelog.gz"

size=$(du -sk --apparent-size "$tree" | cut -f 1)
sed "s/VERSION/$version/; s/SIZE/$size/" "$here/control" >"$tree/DEBIAN/control"
cp "$here/conffiles" "$here/postinst" "$here/prerm" "$here/postrm" "$tree/DEBIAN"
chmod 755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/prerm" "$tree/DEBIAN/postrm"
(cd "$tree" && find usr etc -type f -exec md5sum {} +) >"$tree/DEBIAN/md5sums"
chmod -R u+rwX,go+rX,go-w "$tree"
dpkg-deb --root-owner-group --build -Zxz "$tree" "$into/lm_${version}_all.deb" >/dev/null
echo "$into/lm_${version}_all.deb"
