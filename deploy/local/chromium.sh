#!/bin/sh
# The browser that the end-to-end tests drive: Debian's, installed only where there is none.
set -eu

for name in chromium chromium-browser google-chrome; do
	command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "The browser tests need chromium: install it and try again." >&2
	exit 1
fi
echo "Installing chromium for the browser tests …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
