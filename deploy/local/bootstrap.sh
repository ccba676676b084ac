#!/bin/sh
# Print the path of uv, the one tool that installs everything else. Where there is none it is put
# under .local/bootstrap with pip's --target, which needs no virtual environment (Debian ships
# Python without ensurepip) and touches nothing that the distribution manages (PEP 668).
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
own="$root/.local/bootstrap"

say() { printf '%s\n' "$*" >&2; }

enough() { # the lock file needs a uv that knows its format
	version=$("$1" --version 2>/dev/null | cut -d' ' -f2) || return 1
	[ "$(printf '%s\n0.9.0\n' "$version" | sort -V | head -n1)" = 0.9.0 ]
}

found=$(command -v uv || true)
for candidate in "$found" "$own/bin/uv"; do
	if [ -n "$candidate" ] && [ -x "$candidate" ] && enough "$candidate"; then
		printf '%s\n' "$candidate"
		exit 0
	fi
done

python=$(command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	say "H-CMP needs Python 3.11 or newer: install it (on Debian or Ubuntu: apt-get install python3)."
	exit 1
fi
if ! "$python" -m pip --version >/dev/null 2>&1; then
	say "H-CMP needs pip: install it (on Debian or Ubuntu: apt-get install python3-pip)."
	exit 1
fi
say "Installing uv into .local/bootstrap …"
mkdir -p "$root/.local"
chmod 700 "$root/.local"
rm -rf "$own" "$own.unfinished"
"$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
	--target "$own.unfinished" 'uv>=0.9' >&2
mv "$own.unfinished" "$own"
printf '%s\n' "$own/bin/uv"
