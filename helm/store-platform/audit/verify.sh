#!/bin/sh
# Verifies the audit log against every checkpoint that was taken so far, then takes another. Each is printed as well: where the cluster's
# logs are collected, the database's owner and whoever may write to this volume reach only one of the two.
set -eu
cd /var/lib/store-platform/audit

[ -e checkpoints ] || : >checkpoints
store-platform audit verify --checkpoint checkpoints
# Written beside and moved there: half a line at the end would be no checkpoint, and every later run would stop at it.
{ cat checkpoints && store-platform audit checkpoint; } >checkpoints.partial
sync checkpoints.partial
mv checkpoints.partial checkpoints
tail -n 1 checkpoints
