# Keeps one throw-away PostgreSQL: makes it, starts it, and removes it as soon as standard input ends. That is when the
# process which holds the other end closes it or dies, so no server outlives its test, whatever kills the test.
#
# in:  $1 folder of PostgreSQL's programs, $2 folder to work in, $3 lines for postgresql.conf, $4... ports to try;
#      first line of standard input: the password of the user denk
# out: `ready PORT`; else what went wrong
bin=$1 base=$2 settings=$3
shift 3

remove() {
    [ -f "$dir/data/postmaster.pid" ] && "$bin/pg_ctl" stop -s -m immediate -D "$dir/data"
    rm -rf "$dir"
}

exec 2>&1
umask 077
trap '' PIPE
trap 'exit 1' HUP INT TERM
read -r password || exit 1
# The user that root steps down to may have no access to root's TMPDIR.
dir=$(mktemp -d "$base/denk-postgres.XXXXXX" 2>/dev/null || mktemp -d /tmp/denk-postgres.XXXXXX) || exit 1
trap remove EXIT

printf '%s\n' "$password" >"$dir/password"
"$bin/initdb" -D "$dir/data" -U denk --auth=scram-sha-256 --pwfile="$dir/password" \
    --encoding=UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log"; exit 1; }
printf '%s\n' "$settings" >>"$dir/data/postgresql.conf"

for port; do
    if "$bin/pg_ctl" start -s -w -D "$dir/data" -l "$dir/server.log" -o "-p $port" >/dev/null 2>&1 </dev/null; then
        echo "ready $port"
        while read -r _; do :; done
        exit 0
    fi
done
cat "$dir/server.log"
exit 1
