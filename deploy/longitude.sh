#!/bin/sh
# `longitude` in the image. LONGITUDE_TLS=true makes every service speak TLS with the certificate that the service `secrets` has made for all of them, and ask
# the others so: one variable says what `longitude up --tls` says of a deployment without containers (docs/operating/compose.md).
# `longitude health [port]` is the check of a container.
if [ "$LONGITUDE_TLS" = true ]; then
  folder=/run/longitude/tls
  export LONGITUDE_TLS_CERT="${LONGITUDE_TLS_CERT:-$folder/server.crt}" LONGITUDE_TLS_KEY="${LONGITUDE_TLS_KEY:-$folder/server.key}"
  export LONGITUDE_TLS_CA="${LONGITUDE_TLS_CA:-$folder/authority.crt}" LONGITUDE_UPSTREAM_CA="${LONGITUDE_UPSTREAM_CA:-$folder/authority.crt}"
  for name in LONGITUDE_UPSTREAM LONGITUDE_CACHE_UPSTREAM LONGITUDE_NODE_ENDPOINT LONGITUDE_CONTROL LONGITUDE_PEER_ENDPOINT; do
    eval "value=\${$name-}"
    [ -z "$value" ] || export "$name=$(printf '%s' "$value" | sed 's#http://#https://#g')"
  done
  # Made by `secrets`, which starts with the others.
  case "$1" in
    node | balancer | cache | front-door | console | links) until [ -s "$LONGITUDE_TLS_CERT" ] && [ -s "$LONGITUDE_TLS_KEY" ]; do sleep 1; done ;;
  esac
fi

if [ "$1" = health ]; then
  scheme=http
  [ "$LONGITUDE_TLS" != true ] || { scheme=https; export NODE_EXTRA_CA_CERTS="$LONGITUDE_TLS_CA"; }
  exec node --eval "fetch('$scheme://127.0.0.1:${2:-${LONGITUDE_PORT:-8000}}/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"
fi

# A cache's heap is told what it is told where a supervisor starts it (src/process/own-program.ts).
[ "$1" != cache ] || young='--min-semi-space-size=32 --max-semi-space-size=32'
exec node $young /longitude/dist/cli/cli.js "$@"
