#!/usr/bin/env bash
# Builds ws into $RUNNER_TEMP/hawser, from the commit that the action is of or from a version.
set -euo pipefail

bin=$RUNNER_TEMP/hawser
mkdir -p "$bin"
if ! command -v go >/dev/null; then
  echo '::error title=ws conform::There is no Go to build ws with. Put actions/setup-go before this step.'
  exit 2
fi
# What the job has set for its own modules does not count here. An older Go fetches the one that
# go.mod asks for.
export GOFLAGS='' GOTOOLCHAIN=auto
if [ -n "$CONFORM_VERSION" ]; then
  GOWORK=off GOBIN=$bin go install "github.com/hawser-ws/websocket/cmd/ws@$CONFORM_VERSION"
else
  cd "$CONFORM_ACTION/../../.."
  GOWORK=$PWD/go.work go build -o "$bin/" ./cmd/ws
fi
