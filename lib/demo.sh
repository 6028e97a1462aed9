#!/bin/sh
# The whole chain on one machine, as `make demo` runs it: a log that is being written, sender, TLS, receiver, named pipe, page.
# LOG=/var/log/syslog shows that file instead. Ctrl-C ends everything; nothing is left behind. The commands are those of the folder $1, or
# those that are installed.
set -eu
[ $# = 0 ] || PATH=$(cd "$1" && pwd):$PATH
dir=$(mktemp -d)
pids=
end() {
  trap '' INT TERM
  trap - EXIT
  for pid in $pids; do kill "$pid" 2>/dev/null || :; done
  wait 2>/dev/null || :
  rm -rf "$dir"
  echo "lm demo: ended"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
run() { # command ... : in the background, ended with the demo
  "$@" &
  pids="$pids $!"
}
said() { # file pattern: wait until a command has said it, print the first group
  for _ in $(seq 100); do
    got=$(sed -n "s|$2|\\1|p" "$1" | head -n 1)
    [ -z "$got" ] || { echo "$got"; return; }
    sleep 0.1
  done
  cat "$1" >&2
  return 1
}

# A key for each side; each knows the other by its pin.
lm-cert "$dir/receiver" localhost >"$dir/receiver.pin"
lm-cert "$dir/sender" demo >"$dir/sender.pin"
echo "demo $(cat "$dir/sender.pin") demo/*" >"$dir/authorized"

# The viewer makes the pipe and the receiver writes into it.
run lm-serve -l "127.0.0.1:${PORT:-0}" "$dir/in" 2>"$dir/serve.log"
page=$(said "$dir/serve.log" '.*listening on \(.*\)')
run lm-tls-recv -k "$dir/receiver.pem" -a "$dir/authorized" 127.0.0.1:0 >"$dir/in" 2>"$dir/recv.log"
address=$(said "$dir/recv.log" '.*listening on \(.*\)')

# The sender: what tail sees, framed and sent. Named pipes between them, so that each can be ended by its own id; opening one waits for
# the other end, so that happens in the background too.
mkfifo "$dir/lines" "$dir/records"
if [ -z "${LOG:-}" ]; then
  LOG=$dir/machine.log
  : >"$LOG"
  run sh -c 'while sleep 0.3; do
    read -r load _ </proc/loadavg
    free=$(sed -n "s/MemAvailable: *//p" /proc/meminfo)
    set -- /proc/[0-9]*/comm
    printf "%s level=info load=%s mem_available=\"%s\" processes=%s\n" "$(date +%FT%T.%3N%:z)" "$load" "$free" "$#"
    case $(date +%S) in *0) printf "%s \033[33mlevel=warn\033[0m ten more seconds have passed\n" "$(date +%FT%T.%3N%:z)";; esac
  done' >>"$LOG"
fi
id=demo/$(basename "$LOG" | tr -c 'A-Za-z0-9._@:\n-' _)
run sh -c 'exec tail -n 1000 -F "$0" >"$1/lines" 2>"$1/tail.log"' "$LOG" "$dir"
run sh -c 'exec lm-frame -t -i "$0" <"$1/lines" >"$1/records"' "$id" "$dir"
run sh -c 'exec lm-tls-send -k "$0/sender.pem" --pin "$1" "$2" <"$0/records" 2>"$0/send.log"' "$dir" "$(cat "$dir/receiver.pin")" "$address"

echo "lm demo: $LOG, through TLS to $address, through a named pipe, to the page at"
echo "  $page"
echo "Ctrl-C ends it."
while kill -0 $pids 2>/dev/null; do sleep 1; done
echo "lm demo: a command has ended" >&2
cat "$dir"/*.log >&2
exit 1
