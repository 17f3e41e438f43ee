#!/usr/bin/env bash
# Runs ws conform as the inputs of the action say, and starts the peer if it has to. Inputs are in
# the environment and never in the text of a script, where a shell would obey them.
set -uo pipefail

ws=$RUNNER_TEMP/hawser/ws
log=$RUNNER_TEMP/hawser/peer.log
peer= # process group of the server, or process of the suite

fail() {
  printf '::error title=ws conform::%s\n' "$1"
  conclude 2
}

# absolute prints the whole name of a file, which may be one of Windows.
absolute() {
  case $1 in
  /* | [A-Za-z]:*) printf '%s\n' "$1" ;;
  *) printf '%s\n' "$PWD/$1" ;;
  esac
}

# conclude writes the outputs and exits.
conclude() {
  local code=$1 result=error
  case $code in
  0) result=passed ;;
  1) result=failed ;;
  esac
  {
    echo "result=$result"
    echo "exit-code=$code"
    echo "report=${CONFORM_REPORT:+$(absolute "$CONFORM_REPORT")/index.html}"
    echo "junit=${CONFORM_JUNIT:+$(absolute "$CONFORM_JUNIT")}"
  } >>"$GITHUB_OUTPUT"
  exit "$code"
}

# show prints what the peer has printed, which may be why it is not there.
show() {
  echo "::group::What the $CONFORM_ROLE printed"
  local token
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$token"
  tail -n 200 "$log" 2>/dev/null
  printf '\n::%s::\n' "$token" # on a line of its own, or GitHub would not obey it
  echo '::endgroup::'
}

# end ends the server with its children. When the step is over, the port is free for the next one.
end() {
  local i
  for i in $(seq 100); do
    if ! kill -TERM -- "-$peer" 2>/dev/null; then return; fi
    sleep 0.1
  done
  kill -KILL -- "-$peer" 2>/dev/null
}

# listens reports whether something accepts TCP at the address of a URL.
listens() {
  local address=${1#*://} port=80
  case $1 in wss:*) port=443 ;; esac
  address=${address%%[/?]*}
  if [[ $address =~ ^(.*):([0-9]+)$ ]]; then
    address=${BASH_REMATCH[1]} port=${BASH_REMATCH[2]}
  fi
  address=${address#[} address=${address%]} # of IPv6
  (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null
}

args=()
add() { # -flag VALUE, unless the value is empty
  if [ -n "$2" ]; then args+=("$1" "$2"); fi
}
add -cases "$CONFORM_CASES"
add -exclude "$CONFORM_EXCLUDE"
add -baseline "$CONFORM_BASELINE"
add -o "$CONFORM_REPORT"
add -junit "$CONFORM_JUNIT"
if [ "$CONFORM_QUICK" = true ]; then args+=(-quick); fi
if [ "$CONFORM_SUMMARY" != false ]; then add -markdown "${GITHUB_STEP_SUMMARY:-}"; fi
while IFS= read -r line; do
  line=${line%$'\r'}
  if [ -n "$line" ]; then args+=("$line"); fi
done <<<"$CONFORM_ARGS"

case $CONFORM_ROLE in
server)
  add -agent "$CONFORM_NAME"
  if [ -n "$CONFORM_START" ]; then
    if listens "$CONFORM_URL"; then
      fail "Something listens at $CONFORM_URL already, and would be judged in place of what start begins."
    fi
    set -m # a process group of its own, so that its children end with it
    bash -c "$CONFORM_START" >"$log" 2>&1 &
    peer=$!
    set +m
    trap end EXIT
  fi
  "$ws" conform -server "$CONFORM_URL" -wait "$CONFORM_WAIT" ${args[@]+"${args[@]}"}
  code=$?
  if [ "$code" = 2 ] && [ -n "$CONFORM_START" ]; then show; fi
  # A server that could not start, because its port is taken, has left another one to be judged.
  if [ "$code" != 2 ] && [ -n "$CONFORM_START" ] && ! kill -0 "$peer" 2>/dev/null; then
    wait "$peer"
    left=$?
    if [ "$left" != 0 ]; then
      show
      fail "The command that starts the server exited with $left. If its port was taken, another server was judged."
    fi
  fi
  ;;
client)
  if [ -z "$CONFORM_START" ]; then fail 'The role client needs start, the command that runs the client.'; fi
  export CONFORM_URL=${CONFORM_URL%/} # for the client, which adds /runCase
  address=${CONFORM_URL#*://}
  address=${address%%/*}
  "$ws" conform -listen "$address" ${args[@]+"${args[@]}"} &
  peer=$!
  for _ in $(seq 100); do
    if listens "$CONFORM_URL"; then break; fi
    if ! kill -0 "$peer" 2>/dev/null; then break; fi
    sleep 0.1
  done
  # The client may have ended the suite itself, by /stopServer.
  bash -c "$CONFORM_START" >"$log" 2>&1
  left=$?
  kill -TERM "$peer" 2>/dev/null
  wait "$peer"
  code=$?
  if [ "$left" != 0 ]; then
    show
    echo "::warning title=ws conform::The client exited with $left."
  fi
  ;;
*)
  fail "The role is server or client, not $CONFORM_ROLE."
  ;;
esac
conclude "$code"
