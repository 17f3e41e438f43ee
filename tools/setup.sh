#!/bin/sh
# Installs what "make test" needs and this machine lacks. Where nothing is missing it
# prints nothing. Go and Node.js have to be there: which ones is your choice.
#
# The list of packages is here and nowhere else.
set -eu
cd "$(dirname "$0")/.."

root=${SETUP_ROOT:-} # instead of /, for the tests of this script
# Debian keeps daemons in sbin, which only root has in its PATH.
PATH=$PATH:$root/usr/local/sbin:$root/usr/sbin:$root/sbin

node_needs=20
java_needs=17

has() { command -v "$1" >/dev/null 2>&1; }
stop() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

# number prints the first number in "v20.1.2" or "17-ea", or 0.
number() { printf '%s\n' "$1" | sed -n 's/^[^0-9]*\([0-9][0-9]*\).*/\1/p;q' | grep . || echo 0; }

# older reports whether version $1 is below $2, both like 1.26.0.
older() { test "$1" != "$2" && test "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1"; }

check_go() {
	needs=$(sed -n 's/^go //p' go.mod)
	has "${GO:-go}" || stop "Go $needs or newer is missing: https://go.dev/dl/"
	# Go names what it lacks itself when it may not fetch a newer toolchain.
	found=$("${GO:-go}" env GOVERSION) || stop "Go $needs or newer is needed: https://go.dev/dl/"
	# "go1.26.8", or "devel go1.27-abcdef".
	found=$(printf '%s\n' "$found" | sed 's/.*go\([0-9][0-9.]*\).*/\1/')
	if older "$found" "$needs"; then stop "Go $needs or newer is needed, this is $found: https://go.dev/dl/"; fi
}

check_node() {
	needs="Node.js $node_needs or newer, with npm,"
	has node || stop "$needs is missing: https://nodejs.org/, or Debian 13's packages nodejs and npm. (make quick needs Go alone.)"
	if test "$(number "$(node --version)")" -lt "$node_needs"; then
		stop "$needs is needed, this is $(node --version): https://nodejs.org/, or Debian 13's packages nodejs and npm"
	fi
}

has_kamailio_websocket() {
	for file in "$root"/usr/lib*/kamailio/modules/websocket.so "$root"/usr/lib/*/kamailio/modules/websocket.so; do
		test -e "$file" && return
	done
	return 1
}

# Java comes from many places; a JDK of any of them is as good. It has to have a compiler.
has_java() {
	has java && has javac || return 1
	test "$(number "$(java -version 2>&1 | sed -n 's/.* version //p')")" -ge "$java_needs"
}

# missing prints the Debian packages that bring what is not here.
missing() {
	has npm || echo npm
	has chromium || echo chromium
	has nginx || echo nginx
	has haproxy || echo haproxy
	has nghttpx || echo nghttp2-proxy
	has kamailio || echo kamailio
	has_kamailio_websocket || echo kamailio-websocket-modules
	has_java || echo default-jdk-headless
	# The tests run Debian's own Python, whatever else is in PATH.
	test -x "$root/usr/bin/python3" || echo python3
	test -e "$root/usr/lib/python3/dist-packages/websockets" || echo python3-websockets
	has qemu-s390x && has qemu-aarch64 && has qemu-x86_64 || echo qemu-user
	# The race detector is linked by a C compiler.
	if ! { has gcc && has cc; }; then
		echo gcc libc6-dev
	elif ! echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1; then
		echo libc6-dev
	fi
}

check_go
check_node
# shellcheck disable=SC2046,SC2116 # one line of them
packages=$(echo $(missing))
test -n "$packages" || exit 0

command="apt-get install -y --no-install-recommends $packages"
if ! has apt-get; then
	stop "make test needs programs that are missing, and there is no apt-get to install them. In Debian their packages are: $packages. (make quick needs Go alone.)"
fi
sudo=
if test "$(id -u)" -ne 0; then
	has sudo || stop "make test needs packages that are missing. There is no sudo, so install them as root: apt-get update && $command"
	sudo="sudo "
fi

echo "setup: installing what make test needs, which takes minutes: ${sudo}apt-get update && ${sudo}$command"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # words are meant to be split
if ! { ${sudo}apt-get update && ${sudo}env DEBIAN_FRONTEND=noninteractive $command; } >"$log" 2>&1 </dev/null; then
	tail -n 30 "$log" >&2
	stop "that failed; nothing has been built"
fi

# What has been installed may be too old, or hidden by something else in PATH.
packages=$(echo $(missing))
test -z "$packages" || stop "these packages are installed, but what they bring is not found: $packages"
