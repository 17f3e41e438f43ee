#!/usr/bin/env bash
# Runs the tests of real programs, unmodified, on the WebSocket library they were written for
# and on this one in its place.
#
#   compat/programs/programs.sh [-only] [-race] [-list] [-dir DIR] [NAME...]
#
#   -only  leave out the runs on the library itself
#   -race  with the race detector
#   -list  print what would be run
#   -dir   keep the modules and logs in DIR
#
# Without names it runs all of them. One line for each program and library:
#
#   name  library  passed N  failed N  skipped N  seconds  [failed tests]
#
# It exits with 1 if a program passes fewer tests, or fails others, on this library than on
# its own. With -only: if any test fails.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
only= race= list= work= names=()
while [ $# -gt 0 ]; do
  case $1 in
  -only) only=1 ;;
  -race) race=-race ;;
  -list) list=1 ;;
  -dir) mkdir -p "$2" && work=$(cd "$2" && pwd); shift ;;
  -*) echo "programs.sh: unknown flag $1; see the head of $0" >&2; exit 2 ;;
  *) names+=("$1") ;;
  esac
  shift
done
export GOWORK=off GOFLAGS=-mod=mod
if [ -z "$work" ] && [ -z "$list" ]; then
  work=$(mktemp -d)
  echo "logs in $work"
fi
worse=0

wanted() { [ ${#names[@]} -eq 0 ] || case " ${names[*]} " in *" $1 "*) ;; *) return 1 ;; esac }

# module DIR PACKAGE@VERSION... makes a module in DIR that requires them.
module() {
  local dir=$1
  shift
  mkdir -p "$dir" && cd "$dir" || return 1
  [ -f go.mod ] && return
  printf 'module programs\n\ngo 1.26.0\n' >go.mod
  for p in "$@"; do go get -t "$p" || { rm go.mod; return 1; }; done
}

# replace has the module in the current directory use this library.
replace() {
  go mod edit \
    -replace "github.com/gorilla/websocket=$root/compat/gorilla" \
    -replace "github.com/coder/websocket=$root/compat/coder" \
    -replace "nhooyr.io/websocket=$root/compat/nhooyr" \
    -replace "github.com/hawser-ws/websocket=$root"
}

# count ACTION FILE counts the tests of which the output of go test -json says so.
count() { grep -cE "\"Action\":\"$1\",\"Package\":\"[^\"]*\",\"Test\"" "$2"; }

failures() { grep '"Action":"fail"' "$1" | grep -oE '"Test":"[^"]*"|"FailedBuild":"[^"]*"' | cut -d'"' -f4 | sort -u; }

# run NAME LIBRARY PACKAGES... -- FLAGS... tests in the current directory.
run() {
  local name=$1 library=$2 begin pkgs=()
  shift 2
  while [ "$1" != -- ]; do pkgs+=("$1"); shift; done
  shift
  begin=$(date +%s)
  # shellcheck disable=SC2086 # race is a flag or nothing
  timeout 900 go test -count=1 -timeout 5m $race -json "$@" "${pkgs[@]}" >test.json 2>test.err
  failures test.json >failed
  printf '%-10s %-8s passed %4d  failed %3d  skipped %3d  %5ds  %s\n' "$name" "$library" \
    "$(count pass test.json)" "$(count fail test.json)" "$(count skip test.json)" \
    $(($(date +%s) - begin)) "$(head -8 failed | tr '\n' ' ')"
}

# program NAME LIBRARY MODULE VERSION "PACKAGES" [FLAG...]: tests the packages, which are below
# the module, with those flags of go test.
program() {
  local name=$1 library=$2 mod=$3 version=$4 pkgs=() at=()
  local below=$5
  shift 5
  wanted "$name" || return
  for b in $below; do pkgs+=("$mod${b#.}"); at+=("$mod${b#.}@$version"); done
  if [ -n "$list" ]; then
    echo "$name: $library: $mod@$version: go test $* ${pkgs[*]}"
    return
  fi
  if ! (module "$work/$name" "${at[@]}") >"$work/$name.log" 2>&1; then
    echo "$name: $mod@$version cannot be had: $(tail -1 "$work/$name.log")"
    worse=1
    return
  fi
  rm -rf "$work/$name.hawser" && cp -a "$work/$name" "$work/$name.hawser"
  [ -n "$only" ] || (cd "$work/$name" && run "$name" "$library" "${pkgs[@]}" -- "$@")
  (cd "$work/$name.hawser" && replace && run "$name" hawser "${pkgs[@]}" -- "$@")
  compare "$name"
}

# compare notes whether a program does worse on this library.
compare() {
  local own=$work/$1 ours=$work/$1.hawser passed
  if [ -n "$only" ]; then
    passed=1
    [ ! -s "$ours/failed" ] || worse=1
  else
    passed=$(count pass "$own/test.json")
    [ -z "$(comm -13 "$own/failed" "$ours/failed")" ] || worse=1
  fi
  [ "$(count pass "$ours/test.json")" -ge "$passed" ] || worse=1
}

# TestBroadcast, TestClose and TestLen of melody race with its own registration: half of their
# runs fail on gorilla.
program melody   gorilla github.com/olahol/melody v1.1.4 . -skip 'TestBroadcast$|TestClose$|TestLen$'
program jsonrpc2 gorilla github.com/sourcegraph/jsonrpc2 v0.2.3 ./...
program mochi    gorilla github.com/mochi-mqtt/server/v2 v2.7.9 ./listeners
program gqlgen   coder   github.com/99designs/gqlgen v0.17.98 "./graphql/handler/transport ./client"
program socketio gorilla github.com/googollee/go-socket.io v1.7.0 ". ./engineio/transport/..."
program comet    gorilla github.com/cometbft/cometbft v1.0.1 ./rpc/jsonrpc/... -vet=off
program geth     gorilla github.com/ethereum/go-ethereum v1.17.10 ./rpc
program clientgo gorilla k8s.io/client-go v0.37.2 "./tools/remotecommand ./tools/portforward ./transport/websocket"
program libp2p   gorilla github.com/libp2p/go-libp2p v0.52.0 "./p2p/transport/websocket ./p2p/transport/tcpreuse"
# Without redis: a single node. TestTurnRelay fails here whatever the library.
program livekit  gorilla github.com/livekit/livekit-server v1.13.5 ./test -run 'TestAgents$|TestAgentNamespaces|TestClient|TestSingle|Test_|TestPingPong|TestAutoCreate|TestData|TestFire|TestTurnAuth|TestWebhooks|TestDevice|TestSubscribe|TestConnection'
# Its tests do without WebSocket, so this shows no more than that it builds. With the tag
# ts_debug_websockets and TS_DEBUG_DERP_WS_CLIENT=1 its client uses WebSocket, for which the
# servers of these tests are not set up: they fail whatever the library.
program derphttp coder   tailscale.com v1.102.5 ./derp/derphttp
exit $worse
