# What the scripts share. Source it; it has no effect of its own.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Packages of Debian without which a command cannot work. Installs those that are missing, if it may.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "Installing: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "These packages are missing and need root to install: ${missing[*]}"
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

build_packages=(libpq-dev libcurl4-openssl-dev libmicrohttpd-dev libyaml-dev libssl-dev libjansson-dev pkg-config)
web_packages=(esbuild node-react node-react-dom node-typescript node-prop-types node-csstype nodejs brotli)

need_swift() { command -v swift >/dev/null || die "Swift 6.3 is not on the PATH: see https://www.swift.org/install"; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# PostgreSQL's programs of the newest version that is installed.
postgres_programs() { find /usr/lib/postgresql -maxdepth 2 -name bin -type d | sort -V | tail -n 1; }

# Runs one of them; as the user postgres where we are root, for PostgreSQL refuses that.
postgres_run() {
    local program=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$(postgres_programs)/$program" "$@")
    else
        (cd / && "$(postgres_programs)/$program" "$@")
    fi
}

# postgres_start DIRECTORY PORT [SETTING ...]: makes the cluster if there is none, and starts it.
postgres_start() {
    local directory=$1 port=$2
    shift 2
    if [ ! -e "$directory/PG_VERSION" ]; then
        mkdir -p "$directory"
        chmod 700 "$directory"
        if [ "$(id -u)" -eq 0 ]; then chown postgres "$directory"; fi
        postgres_run initdb -D "$directory" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    fi
    local settings="-p $port -h 127.0.0.1 -k $directory" setting
    for setting in "$@"; do settings+=" -c $setting"; done
    postgres_run pg_ctl -D "$directory" -w -t 60 -l "$directory/log" -o "$settings" start >/dev/null
}

# postgres_stop DIRECTORY [MODE]
postgres_stop() { postgres_run pg_ctl -D "$1" -m "${2:-fast}" -w stop >/dev/null 2>&1; }

# A directory that the user postgres can reach, though its home may be closed to it.
reachable_directory() {
    local directory
    directory=$(mktemp -d /tmp/store-platform.XXXXXX)
    chmod 755 "$directory"
    printf '%s' "$directory"
}

# wait_for URL SECONDS PID: until it answers with success; fails when the process has ended.
wait_for() {
    local deadline=$((SECONDS + $2))
    until curl -fsS -o /dev/null --max-time 2 "$1" 2>/dev/null; do
        kill -0 "$3" 2>/dev/null || return 1
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# The Python packages of the tests, in .venv.
python_ready() {
    local venv=$root/.venv wanted
    wanted=$(sha256sum "$root/Tests/requirements.txt" | cut -d ' ' -f 1)
    if [ "$(cat "$venv/.wanted" 2>/dev/null)" != "$wanted" ]; then
        say "Installing the Python packages of the tests ..."
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install -q --disable-pip-version-check -r "$root/Tests/requirements.txt"
        printf '%s' "$wanted" >"$venv/.wanted"
    fi
}

# checkov, in an environment of its own: what it needs contradicts what the tests need.
checkov=$root/.build/checkov/bin/checkov
checkov_ready() {
    [ -x "$checkov" ] && return
    say "Installing checkov ..."
    python3 -m venv "$root/.build/checkov"
    "$root/.build/checkov/bin/pip" install -q --disable-pip-version-check checkov==3.3.30
}

# Debian's kubectl, unpacked for ourselves: another that is installed may be of any version, and in the way of the package.
kubectl=$root/.build/kubectl/usr/bin/kubectl
kubectl_ready() {
    [ -x "$kubectl" ] && return
    say "Fetching Debian's kubectl ..."
    local directory
    directory=$(mktemp -d)
    (cd "$directory" && apt-get download -qq kubernetes-client 2>/dev/null) || die "apt-get could not download kubernetes-client"
    mkdir -p "$root/.build/kubectl"
    dpkg-deb -x "$directory"/kubernetes-client_*.deb "$root/.build/kubectl"
    rm -rf "$directory"
}
