// Package connect_test has WebSockets over HTTP/2 as net/http's server gives them to handlers
// (RFC 8441).
package connect_test

import (
	"testing"

	"go.uber.org/goleak"

	_ "github.com/hawser-ws/websocket/xconnect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
