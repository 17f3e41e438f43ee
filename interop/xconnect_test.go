package interop

// Servers of these tests accept WebSockets over HTTP/2.
import _ "github.com/hawser-ws/websocket/xconnect"
