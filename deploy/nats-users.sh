#!/bin/sh
# Accounts and users of nats-accounts.conf for servers that know theirs by JWTs: `sh deploy/nats-users.sh FOLDER` writes edge.creds,
# worker.creds and operator.creds into a folder that only you can read. Needs nsc 2.2 or later, whose chosen operator is yours (nsc env).
# What each list is for stands in nats-accounts.conf; a test compares the two. Afterwards: nsc push --all
set -eu
umask 077
folder=${1:?the folder for the .creds files}
mkdir -p "$folder"

nsc add account --name SLUICE
nsc add account --name EDGE
# Sizes are kept in bounds by STREAM_MAX_BYTES of the worker and by the servers.
nsc edit account --name SLUICE --js-mem-storage -1 --js-disk-storage -1

# The edge is lent the one way into the stream, and nobody else is: others would need an activation, too.
nsc add export --account SLUICE --name events --subject 'events.>' --service --private
edge=$(nsc describe account --name EDGE --field sub 2>&1 | sed -n 's/.*\(A[A-Z2-7]\{55\}\).*/\1/p')
nsc generate activation --account SLUICE --target-account "$edge" --subject 'events.>' --output-file "$folder/edge-activation.jwt"
nsc add import --account EDGE --name events --token "$folder/edge-activation.jwt"

# add_user ACCOUNT NAME CONNECTION-TYPES PERMISSIONS…
add_user() {
  account=$1 name=$2 types=$3
  shift 3
  nsc add user --account "$account" --name "$name" "$@"
  nsc edit user --account "$account" --name "$name" --conn-type "$types"
  nsc generate creds --account "$account" --name "$name" --output-file "$folder/$name.creds"
}

add_user EDGE edge STANDARD,WEBSOCKET \
  --allow-pub 'events.>' \
  --deny-pub '$JS.>,$SYS.>,$KV.>,$O.>,dead.>,_INBOX.>' \
  --allow-sub '_INBOX.edge.>' \
  --deny-sub 'events.>,dead.>,$JS.>,$SYS.>'

add_user SLUICE worker STANDARD \
  --allow-pub 'dead.>' \
  --allow-pub '$JS.API.INFO' \
  --allow-pub '$JS.API.STREAM.CREATE.EVENTS,$JS.API.STREAM.CREATE.EVENTS_DEAD' \
  --allow-pub '$JS.API.STREAM.UPDATE.EVENTS,$JS.API.STREAM.UPDATE.EVENTS_DEAD' \
  --allow-pub '$JS.API.STREAM.INFO.EVENTS,$JS.API.STREAM.INFO.EVENTS_DEAD' \
  --allow-pub '$JS.API.CONSUMER.CREATE.EVENTS.store,$JS.API.CONSUMER.CREATE.EVENTS_DEAD.>' \
  --allow-pub '$JS.API.CONSUMER.INFO.EVENTS.*,$JS.API.CONSUMER.INFO.EVENTS_DEAD.*' \
  --allow-pub '$JS.API.CONSUMER.MSG.NEXT.EVENTS.*,$JS.API.CONSUMER.MSG.NEXT.EVENTS_DEAD.*' \
  --allow-pub '$JS.API.CONSUMER.DELETE.EVENTS.*,$JS.API.CONSUMER.DELETE.EVENTS_DEAD.*' \
  --allow-pub '$JS.ACK.EVENTS.>,$JS.ACK.*.*.EVENTS.>' \
  --allow-pub '$JS.API.CONSUMER.LIST.EVENTS,$JS.API.DIRECT.GET.EVENTS,$JS.API.STREAM.PURGE.EVENTS' \
  --allow-pub '$JS.API.STREAM.MSG.GET.EVENTS_DEAD,$JS.API.STREAM.MSG.DELETE.EVENTS_DEAD' \
  --deny-pub 'events.>,$SYS.>,$JS.API.CONSUMER.DELETE.EVENTS.store' \
  --allow-sub '_INBOX.worker.>' \
  --deny-sub 'events.>,dead.>,$JS.>,$SYS.>'

add_user SLUICE operator STANDARD \
  --allow-pub 'events.>,sluice.cancelled.*' \
  --allow-pub '$JS.API.INFO,$JS.API.STREAM.NAMES,$JS.API.STREAM.LIST' \
  --allow-pub '$JS.API.STREAM.INFO.EVENTS,$JS.API.STREAM.INFO.EVENTS_DEAD' \
  --allow-pub '$JS.API.STREAM.UPDATE.EVENTS,$JS.API.STREAM.UPDATE.EVENTS_DEAD' \
  --allow-pub '$JS.API.STREAM.MSG.GET.EVENTS,$JS.API.STREAM.MSG.GET.EVENTS_DEAD' \
  --allow-pub '$JS.API.DIRECT.GET.EVENTS,$JS.API.DIRECT.GET.EVENTS_DEAD' \
  --allow-pub '$JS.API.STREAM.MSG.DELETE.EVENTS_DEAD,$JS.API.STREAM.PURGE.EVENTS_DEAD' \
  --allow-pub '$JS.API.CONSUMER.CREATE.EVENTS.>,$JS.API.CONSUMER.CREATE.EVENTS_DEAD.>' \
  --allow-pub '$JS.API.CONSUMER.INFO.EVENTS.*,$JS.API.CONSUMER.INFO.EVENTS_DEAD.*' \
  --allow-pub '$JS.API.CONSUMER.LIST.EVENTS,$JS.API.CONSUMER.LIST.EVENTS_DEAD' \
  --allow-pub '$JS.API.CONSUMER.MSG.NEXT.EVENTS.*,$JS.API.CONSUMER.MSG.NEXT.EVENTS_DEAD.*' \
  --allow-pub '$JS.API.CONSUMER.DELETE.EVENTS.*,$JS.API.CONSUMER.DELETE.EVENTS_DEAD.*' \
  --deny-pub 'dead.>,$JS.ACK.>,$SYS.>' \
  --deny-pub '$JS.API.CONSUMER.CREATE.EVENTS.store,$JS.API.CONSUMER.CREATE.EVENTS.store.>' \
  --deny-pub '$JS.API.CONSUMER.MSG.NEXT.EVENTS.store,$JS.API.CONSUMER.DELETE.EVENTS.store' \
  --allow-sub '_INBOX.operator.>,sluice.cancelled.*' \
  --deny-sub 'events.>,dead.>,$JS.>,$SYS.>'
