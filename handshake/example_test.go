package handshake_test

import (
	"fmt"

	"github.com/hawser-ws/websocket/handshake"
)

// A server without net/http: bytes in, bytes out.
func Example() {
	head := []byte("GET /chat HTTP/1.1\r\n" +
		"Host: server.example.com\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Origin: https://app.example.com\r\n" +
		"Sec-WebSocket-Protocol: chat, superchat\r\n" +
		"Sec-WebSocket-Version: 13\r\n\r\n")
	policy := handshake.Policy{
		Subprotocols:   []string{"superchat"},
		OriginPatterns: []string{"https://*.example.com"},
	}

	var request handshake.Request
	n, refusal := handshake.ParseRequest(head, handshake.Limits{}, &request)
	if n == 0 && refusal == nil {
		return // read more, and try again
	}
	var acceptance handshake.Acceptance
	if refusal == nil {
		acceptance, refusal = policy.Accept(&request)
	}
	if refusal != nil {
		fmt.Printf("%s", handshake.AppendRefusal(nil, refusal))
		return
	}
	fmt.Println(acceptance.Subprotocol, "for", request.Target)
	// Output: superchat for /chat
}
