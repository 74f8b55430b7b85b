#!/bin/sh
# Starts PostgreSQL by way of the image's entry point, which runs 10-create-database.sh only over an empty directory. Killed between
# initdb and the end of that script, the first start would leave a server without role and database that no restart completes. So the
# volume is marked until the script has ended, and what is found marked was never in use and is made anew.
set -eu

volume=${PGDATA%/*}
mark=$volume/first-start-unfinished

if [ -e "$mark" ]; then
    rm -rf "$PGDATA"
elif [ ! -e "$PGDATA" ]; then
    : >"$mark"
fi

exec docker-entrypoint.sh postgres "$@"
