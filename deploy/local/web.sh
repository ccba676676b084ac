#!/bin/sh
# Build the web interface, if what it is built from has changed since the last time.
#   web.sh packages   only install what the build, the lint and the tests need
#   web.sh build      … and build web/dist
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root/web"

digest() { sha256sum | cut -d' ' -f1; }
remembers() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

packages=$(cat package.json package-lock.json | digest)
if ! remembers node_modules/.hcmp-packages "$packages"; then
	echo "Installing the web interface's packages …"
	"$root/deploy/local/node.sh" npm ci --no-audit --no-fund --loglevel=error
	printf '%s\n' "$packages" >node_modules/.hcmp-packages
fi
[ "${1:-build}" = build ] || exit 0

sources=$(find . \( -name node_modules -o -name dist \) -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum | digest)
if ! remembers dist/.hcmp-sources "$sources"; then
	echo "Building the web interface …"
	"$root/deploy/local/node.sh" npm run --silent build
	printf '%s\n' "$sources" >dist/.hcmp-sources
fi
