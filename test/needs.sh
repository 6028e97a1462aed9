#!/bin/sh
# The programs that the tests use beside our own: installed on Debian when run as root, named when they are missing.
set -eu
missing= packages=
need() { # program package
  command -v "$1" >/dev/null 2>&1 || { missing="$missing $1" packages="$packages $2"; }
}
PATH=$PATH:/usr/sbin
need socat socat
need openssl openssl
need ncat ncat
need curl curl
need nginx nginx-light
need htpasswd apache2-utils
need mandoc mandoc
need mkfifo coreutils
need perl perl-base
need python3 python3
need systemd-socket-activate systemd
need fish fish
need zsh zsh
need supervisord supervisor
need jq jq
need runsvdir runit
need s6-svscan s6
[ -z "${LM_SOAK:-}" ] || need debootstrap debootstrap
# It writes its runlevels when it is installed: where systemd runs, that is left to people.
[ -d /run/systemd/system ] || need openrc-run openrc
# On a system under systemd the package would start a service: there it is left to people.
[ -z "${LM_BENCH:-}" ] || [ -d /run/systemd/system ] || need rsyslogd 'rsyslog rsyslog-openssl rsyslog-relp'
# Any of them will do; what is installed is the one that takes least.
[ -n "${CHROME:-}" ] || command -v google-chrome >/dev/null 2>&1 || command -v chromium >/dev/null 2>&1 ||
  need chromium-headless-shell chromium-headless-shell
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing what the tests need:$packages"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
  echo "the tests need these programs, please install them:$missing" >&2
  exit 1
fi
