#!/usr/bin/env bash
# Makes this machine ready for one of the Makefile's targets:
#
#   scripts/setup.sh assets|build|run|test|bench
#
# What is missing is installed with apt-get where that is allowed (as root, or
# with a sudo that asks for no password); where it is not, one sentence says
# what to install. With everything there it only looks, in a tenth of a second.
# No system service is started, and none will be at the next boot: the portal
# starts a PostgreSQL and a Redis of its own.
set -euo pipefail

script=$(realpath -- "${BASH_SOURCE[0]}")
cd -- "$(dirname -- "$script")/.."

has() { command -v "$1" >/dev/null 2>&1; }

# The same places as in internal/embedded.
has_postgres() {
  local initdb
  for initdb in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /usr/local/pgsql/bin/initdb; do
    [[ -x $initdb ]] && return 0
  done
  has postgres && has initdb
}

# Debian keeps it where only root's PATH leads.
has_pgbouncer() { has pgbouncer || [[ -x /usr/sbin/pgbouncer ]]; }

has_node() {
  local major
  has node && major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) && ((major >= 18))
}

has_chromium() {
  has chromium-headless-shell || has chromium || has chromium-browser || has google-chrome || has google-chrome-stable
}

# The race detector needs a C compiler with its headers.
has_c_compiler() {
  has "${CC:-gcc}" && "${CC:-gcc}" -E -x c - <<<'#include <stdlib.h>' >/dev/null 2>&1
}

has_certificates() {
  [[ -e /etc/ssl/certs/ca-certificates.crt || -n ${SSL_CERT_FILE:-} ]] || ! has apt-get
}

# look fills `lacking` and `packages` with what purpose $1 cannot do without,
# and `welcome` with packages that it can.
look() {
  lacking=() packages=() welcome=()
  lack() { lacking+=("$1") packages+=("${@:2}"); }

  has_certificates || welcome+=(ca-certificates)
  case $1 in assets | run | test | bench)
    has_node || lack "Node.js 18 or newer" nodejs
    has npm || lack npm npm
    ;;
  esac
  case $1 in run | test | bench)
    # `portal dev` uses a server that it is told of; tests start their own.
    [[ $1 == run && -n ${DATABASE_URL:-} ]] || has_postgres || lack PostgreSQL postgresql
    ;;
  esac
  case $1 in
    run)
      # Without it the queue runs inside the portal.
      [[ -n ${REDIS_URL:-} ]] || has redis-server || welcome+=(redis-server)
      ;;
    test)
      has redis-server || lack Redis redis-server
      has_pgbouncer || lack PgBouncer pgbouncer
      has_chromium || lack Chromium chromium-headless-shell fonts-liberation
      has_c_compiler || lack "a C compiler" gcc libc6-dev
      ;;
    bench)
      has redis-server || lack Redis redis-server
      has wrk || lack wrk wrk
      has pgbench || lack pgbench postgresql
      ;;
  esac
}

# check_go needs a network only where an older Go fetches a newer one by itself.
check_go() {
  local version=""
  if has go; then
    version=$(go env GOVERSION) || true # it has said why on standard error
  fi
  if ! [[ $version =~ go1\.([0-9]+) ]] || ((BASH_REMATCH[1] < 26)); then
    echo "Install Go 1.26 or newer and put its bin folder into the PATH (this machine has ${version:-none}), then try again." >&2
    exit 1
  fi
}

# install_as_root installs packages. Files that keep the services down while
# apt-get works are put in place first and taken away in any case.
install_as_root() {
  local mark="Temporary: the intake portal is installing packages." path
  made=() log=$(mktemp)
  exec 9<"$script"
  flock 9 # a second set-up waits, and finds its packages installed
  trap 'rm -f -- "${made[@]}" "$log"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' HUP TERM

  # Somebody else's policy stays as it is; one that a killed set-up left is ours.
  path=/usr/sbin/policy-rc.d
  if [[ ! -e $path ]] || grep -qF -- "$mark" "$path"; then
    made+=("$path")
    printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$path"
    chmod 755 "$path"
  fi
  if [[ " $* " == *" postgresql "* ]]; then
    path=/etc/postgresql-common/createcluster.d/intake-portal.conf
    made+=("$path")
    mkdir -p -- "${path%/*}"
    printf '# %s\ncreate_main_cluster = false\n' "$mark" >"$path"
  fi

  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  # A source that is away matters only if a package then cannot be had.
  "${apt[@]}" update </dev/null >"$log" 2>&1 || true
  if ! "${apt[@]}" install -y --no-install-recommends -- "$@" </dev/null >>"$log" 2>&1; then
    echo "apt-get could not install $*:" >&2
    tail -n 15 -- "$log" >&2
    exit 1
  fi
  # A fresh service would start at the next boot.
  local service
  for service in redis-server pgbouncer; do
    if [[ " $* " == *" $service "* ]] && has systemctl; then
      systemctl disable --quiet "$service.service" >/dev/null 2>&1 || true
    fi
  done
}

# install runs install_as_root as root, if it may become root.
install() {
  has apt-get || return 1
  local become=()
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null || return 1
    become=(sudo -n)
  fi
  echo "Installing $* with apt-get. This can take a few minutes."
  "${become[@]}" bash "$script" --install-as-root "$@"
}

main() {
  look "$1"
  local first=("${packages[@]}" "${welcome[@]}")
  if ((${#first[@]})); then
    # Some packages of Node.js bring npm and conflict with Debian's package of
    # it, so npm waits until Node.js is there.
    if [[ " ${first[*]} " == *" nodejs "* ]]; then
      local others=() p
      for p in "${first[@]}"; do [[ $p == npm ]] || others+=("$p"); done
      first=("${others[@]}")
    fi
    if install "${first[@]}"; then
      look "$1"
      if [[ ${packages[*]} == npm ]]; then
        install npm || true # what is still missing is told below
        look "$1"
      fi
    fi
    hash -r
  fi

  if ((${#lacking[@]})); then
    local words=${lacking[0]} i
    for ((i = 1; i < ${#lacking[@]} - 1; i++)); do words+=", ${lacking[i]}"; done
    if ((${#lacking[@]} > 1)); then words+=" and ${lacking[-1]}"; fi
    echo "Install $words (on Debian as root: apt-get install ${packages[*]}), then try again." >&2
    exit 1
  fi
  [[ $1 == assets ]] || check_go
}

case ${1:-} in
  assets | build | run | test | bench) main "$1" ;;
  --install-as-root) install_as_root "${@:2}" ;;
  *)
    echo "usage: scripts/setup.sh assets|build|run|test|bench" >&2
    exit 2
    ;;
esac
