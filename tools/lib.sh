# What the scripts of this folder share: the root as working folder, the tools on PATH, and steps with their times.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PATH="$PWD/.tools/bin:$PWD/node_modules/.bin:$PATH"
# The scripts know where the programs are built; a folder set elsewhere would hide them.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

say() { printf '[%5s] %s\n' "$(clock "$SECONDS")" "$*"; }

# step WORDS COMMAND...: says what is done, does it, says how long it took. Fails as the command does.
step() {
    local words=$1 begun=$SECONDS
    shift
    say "$words"
    "$@"
    say "$words: done in $(clock $((SECONDS - begun)))"
}

give_up() {
    printf 'hubbub: %s\n' "$*" >&2
    exit 1
}
