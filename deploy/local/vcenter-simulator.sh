#!/bin/sh
# The vCenter that the tests talk to: built from Debian's packages, which are installed only where there are none.
# Prints where the program is.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
source=$root/deploy/vcenter-simulator/main.go
program=$root/.local/vcenter-simulator
library=/usr/share/gocode/src/github.com/vmware/govmomi

mkdir -p "$root/.local"
exec 9>"$program.lock"
flock 9 # of workers that come at once one builds
if [ ! -x "$program" ] || [ "$source" -nt "$program" ]; then
	if ! command -v go >/dev/null || [ ! -d "$library" ]; then
		if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
			echo "The tests of vCenter need golang-go and golang-github-vmware-govmomi-dev: install them and try again." >&2
			exit 1
		fi
		echo "Installing golang-go and golang-github-vmware-govmomi-dev for the tests of vCenter …" >&2
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq
		apt-get install -y -qq --no-install-recommends golang-go golang-github-vmware-govmomi-dev >/dev/null
	fi
	GO111MODULE=off GOPATH=/usr/share/gocode go build -o "$program.new" "$source"
	mv "$program.new" "$program"
fi
echo "$program"
