#!/bin/sh
# The NATS server of a region in Compose; NATS_NAME is the region's. Or its quorum server: NATS_CONF names its configuration, and the server starts
# once the file NATS_WANTED is there. The configuration comes from the service `secrets` (src/cli/commands/set-up/secrets.ts).
# A change of it means another region, or new secrets: the server starts again, since a reload does not connect a new account.
# `nats.sh health` is the check of the container: the server listens, which it does once its streams are ready. It asks the kernel, since the
# image need not have a program that speaks to a port; 0A is the state of a socket that listens.
is_wanted() { [ -z "$NATS_WANTED" ] || [ -e "$NATS_WANTED" ]; }
if [ "$1" = health ]; then
  is_wanted || exit 0
  port="$(printf '%04X' "${NATS_PORT:-4222}")"
  grep -qi "^ *[0-9]*: [0-9A-F]*:$port [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
  exit $?
fi

conf="${NATS_CONF:-/etc/longitude/conf/$NATS_NAME.conf}"
server=
stopped=
trap 'stopped=1; [ -z "$server" ] || kill -TERM "$server" 2>/dev/null' TERM INT

# A signal ends a wait, and not a sleep.
pause() { sleep 1 & wait $!; }
is_serving() { [ -z "$stopped" ] && kill -0 "$server" 2>/dev/null; }

until [ -s "$conf" ] && is_wanted; do
  [ -z "$stopped" ] || exit 0
  pause
done
# Version 0.1.0 had no accounts: its stream lies under the name of the common one, which no client reaches any more.
[ -n "$NATS_WANTED" ] || rm -rf '/data/jetstream/$G'

while [ -z "$stopped" ]; do
  before="$(cat "$conf")"
  nats-server --config "$conf" &
  server=$!
  while is_serving && [ "$(cat "$conf")" = "$before" ]; do pause; done
  # One that ended by itself ends the container, and Docker starts it again.
  if [ -z "$stopped" ] && ! kill -0 "$server" 2>/dev/null; then
    wait "$server"
    exit $?
  fi
  kill -TERM "$server" 2>/dev/null
  while kill -0 "$server" 2>/dev/null; do wait "$server"; done
done
