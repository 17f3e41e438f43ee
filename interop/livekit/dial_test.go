package livekit

import (
	"io"
	"strings"
	"testing"
)

// ws dial joins with a token in the query, as a browser does. The server's first words
// are protobuf; to who writes JSON it answers in JSON.
func TestDial(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		t.Parallel() // it waits for pings most of the time
		ctx := patience(t)
		s := startServer(t, ctx, program)
		secret := token(t, "ann", "demo")
		ws := start(t, wsTool, "dial", "-v", "-t", "20s", "-describe", s.url+"/rtc?protocol=16&access_token="+secret)
		ws.await(ctx, "* connected (", deflate)
		ws.await(ctx, "* received binary, ")
		ws.await(ctx, "binary, ", " bytes, protobuf: 1: {1: {1: \"RM_", `2: "demo"`)
		bob := s.join(t, "bob")
		bob.await(ctx, "here already: ann (PA_")
		for !strings.Contains(ws.printed(), `2: "bob"`) { // an update, sooner or later
			ws.await(ctx, "binary, ", "protobuf: 5: {1: {")
		}
		if _, err := io.WriteString(ws.in, `{"pingReq":{"timestamp":"1234"}}`+"\n"); err != nil {
			t.Fatal(err)
		}
		ws.await(ctx, "text, ", `JSON: {"pongResp":{"lastPingTimestamp":"1234"`)
		if err := ws.in.Close(); err != nil {
			t.Fatal(err)
		}
		ws.await(ctx, "* sent close, 2 bytes")
		ws.await(ctx, "* received close, 2 bytes")
		ws.await(ctx, "* ended: closed by us: 1000")
		ws.exit(ctx, 0)
		bob.await(ctx, "ann (PA_", "DISCONNECTED, SIGNAL_CLOSE")

		// A token that is no good comes back in the server's answer, and is not shown.
		bad := start(t, wsTool, "dial", s.url+"/rtc?access_token="+secret+"x")
		bad.await(ctx, "401 Unauthorized")
		bad.await(ctx, "invalid token: <access_token>, error: ")
		bad.exit(ctx, 1)
		if strings.Contains(bad.printed()+ws.printed(), secret) {
			t.Error("the token is shown")
		}
	})
}
