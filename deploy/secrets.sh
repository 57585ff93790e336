#!/bin/sh
# Makes the secrets of the compose files where they are missing: a random password, and the address that contains it.
# Containers read them under uids of their own, so the files are readable; their folder lets nobody else in.
set -eu
folder="$(dirname "$0")/secrets"
mkdir -p "$folder"
chmod 700 "$folder"
umask 022
if [ ! -s "$folder/postgres_password" ]; then
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$folder/postgres_password.new"
  mv "$folder/postgres_password.new" "$folder/postgres_password"
fi
printf 'postgresql+psycopg://hearthgate:%s@postgres/hearthgate\n' "$(cat "$folder/postgres_password")" > "$folder/database_url"
