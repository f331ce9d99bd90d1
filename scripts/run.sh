#!/bin/sh
# Runs one task of this repository with everything it needs: its own Node, its packages, a fresh build.
#
#   sh scripts/run.sh start | test | test:long | test:adopt | test:examples | test:firefox | test:webkit
#                     | mutate | build | lint | bench | bench:NAME  [arguments]
#
# Why not plain npm scripts: those run on whatever Node is installed, and on an old one npm hands out other packages
# than the lock file was made with. So Node comes first, from a manifest of its own, and goes first on the PATH.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"
lock=dist/.lock
node_done=tools/node/node_modules/.done

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "latchkey: $*"
  exit 1
}

# Whether a version like v22.18.0 is one that we run on.
new_enough() {
  version=${1#v}
  major=${version%%.*}
  rest=${version#*.}
  minor=${rest%%.*}
  [ "$major" -gt 22 ] || { [ "$major" -eq 22 ] && [ "$minor" -ge 18 ]; }
} 2>/dev/null

# The Node that this repository brings, if it is there and runs on this machine.
own_node() {
  for node in tools/node/node_modules/node-*/bin/node; do
    if [ -x "$node" ] && "$node" --version >/dev/null 2>&1; then
      printf '%s' "$root/${node%/node}"
      return 0
    fi
  done
  return 1
}

# Two runs at once in one clone: the second waits until the first has installed and built.
take_lock() {
  mkdir -p dist
  until mkdir "$lock" 2>/dev/null; do
    holder=$(cat "$lock/pid" 2>/dev/null || echo none)
    sleep 1
    # The same holder a second later and no such process: it was killed and left its lock behind.
    if [ "$holder" = "$(cat "$lock/pid" 2>/dev/null || echo none)" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$lock"
    fi
  done
  echo $$ >"$lock/pid"
  trap 'rm -rf "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

give_lock() {
  rm -rf "$lock"
  trap - EXIT INT TERM
}

# Marked by us: where no package fits the machine, npm leaves nothing behind that says it was asked.
node_current() {
  [ -f "$node_done" ] && [ -z "$(find tools/node/package-lock.json -newer "$node_done")" ]
}

need_node() {
  if ! node_current; then
    command -v npm >/dev/null 2>&1 || fail 'npm is not installed; it comes with Node.js. Install Node.js 22.18 or later, then run this again.'
    say 'Installing Node.js for this repository …'
    if npm ci --prefix tools/node --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; then
      mkdir -p tools/node/node_modules
      : >"$node_done"
    else
      say 'That did not work; looking for a Node.js that is already installed.'
    fi
  fi
  use_node
}

use_node() {
  if bin=$(own_node); then
    PATH=$bin:$PATH
  elif ! new_enough "$(node --version 2>/dev/null || echo v0.0)"; then
    fail "there is no packaged Node.js for $(uname -s) $(uname -m), and the one on the PATH is $(node --version 2>/dev/null || echo missing). Install Node.js 22.18 or later, then run this again."
  fi
  PATH=$root/node_modules/.bin:$PATH
  export PATH
}

packages_current() {
  [ -f node_modules/.package-lock.json ] && [ -z "$(find package-lock.json -newer node_modules/.package-lock.json)" ]
}

need_packages() {
  packages_current && return
  say 'Installing packages …'
  # Tools are development packages; NODE_ENV=production in the environment must not leave them out.
  npm ci --include=dev --no-audit --no-fund --loglevel=error >/dev/null || fail 'npm ci failed; its reason stands above.'
}

# Directories are looked at too: a deleted file shows only there.
build_current() {
  [ -f dist/.built ] && [ -f dist/cli/main.js ] || return 1
  sources='src package.json tsconfig.json tsconfig.build.json'
  for more in web vite*.config.ts; do
    [ ! -e "$more" ] || sources="$sources $more"
  done
  # shellcheck disable=SC2086
  [ -z "$(find $sources -newer dist/.built | head -n 1)" ]
}

build() {
  say 'Building …'
  # Stamped with the time of the start, so that a file saved meanwhile is built next time.
  : >"$lock/stamp"
  tsc -p tsconfig.build.json || fail 'the sources do not compile; the reasons stand above.'
  for config in vite.server.config.ts vite.config.ts vite.pages.config.ts vite.captcha.config.ts vite.strength.config.ts; do
    [ ! -f "$config" ] || vite build --config "$config" --logLevel warn || fail "vite build --config $config failed."
  done
  mv "$lock/stamp" dist/.built
}

prepare() {
  if node_current && packages_current && { [ "$1" = lint ] || build_current; }; then
    use_node
    return
  fi
  take_lock
  need_node
  need_packages
  [ "$1" = lint ] || build_current || build
  give_lock
}

# Programs of Debian that no package of npm brings: need_programs 'PROGRAM PROGRAM' PACKAGE...
need_programs() {
  missing=''
  for program in $1; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
  done
  shift
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    fail "this needs$missing, of Debian's packages $*. Install them, or run this as root where there is apt-get."
  fi
  say "Installing $* ..."
  apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    fail "apt-get could not install $*; its reason stands above."
}

# The stories of test/engines in one engine.
engine() {
  prepare test
  name=$1
  shift
  ENGINE=$name exec node --disable-warning=ExperimentalWarning --test --test-reporter=spec "$@" test/engines/flows.test.ts
}

task=${1:-}
[ $# -eq 0 ] || shift
case $task in
  start)
    prepare start
    exec node --disable-warning=ExperimentalWarning dist/cli/main.js start "$@"
    ;;
  test)
    prepare test
    exec node --disable-warning=ExperimentalWarning scripts/test.ts "$@"
    ;;
  test:long)
    prepare test
    exec node --disable-warning=ExperimentalWarning scripts/test.ts --long "$@"
    ;;
  test:adopt)
    prepare test
    exec node --disable-warning=ExperimentalWarning scripts/test.ts --adopt "$@"
    ;;
  test:examples)
    prepare test
    exec node --disable-warning=ExperimentalWarning scripts/examples.ts "$@"
    ;;
  test:firefox)
    need_programs firefox-esr firefox-esr
    engine firefox "$@"
    ;;
  test:webkit)
    need_programs 'WebKitWebDriver Xvfb' webkit2gtk-driver xvfb
    engine webkit "$@"
    ;;
  mutate)
    prepare mutate
    exec node --disable-warning=ExperimentalWarning scripts/mutate.ts "$@"
    ;;
  build)
    # Asked for by name it starts from nothing, so that no file of a deleted source stays in dist.
    [ "${1:-}" = --if-needed ] || rm -rf dist/* dist/.built
    prepare build
    ;;
  lint)
    prepare lint
    exec biome check "$@"
    ;;
  bench)
    prepare bench
    [ $# -gt 0 ] || set -- bench/*.ts
    for file in "$@"; do
      [ -f "$file" ] || fail "there is no $file."
    done
    missed=''
    for file in "$@"; do
      say "== $file"
      node --disable-warning=ExperimentalWarning "$file" || missed="$missed $file"
    done
    [ -z "$missed" ] || fail "an aim was missed, or a measure failed, in:$missed"
    ;;
  bench:*)
    file=bench/${task#bench:}.ts
    [ -f "$file" ] || fail "there is no $file."
    prepare bench
    exec node --disable-warning=ExperimentalWarning "$file" "$@"
    ;;
  *)
    say 'usage: sh scripts/run.sh start | test | test:long | test:adopt | test:examples | test:firefox | test:webkit | mutate | build | lint | bench | bench:NAME  [arguments]'
    exit 2
    ;;
esac
