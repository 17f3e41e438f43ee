package interop

import "testing"

// The Debian package serves this interpreter; another python3 may come first
// on PATH.
const python = "/usr/bin/python3"

func TestPythonClient(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	needPython(t)
	s := serve(t, ctx, acceptOurs)

	p := start(t, ctx, "python3", python, "testdata/python/client.py", s.ws())
	var got saw
	p.report(ctx, &got)

	checkClient(t, ctx, s, got, append(conversation[:4:4], fragmented))
	if got.Pong != "are you there" {
		t.Errorf("the client's ping was answered with %q", got.Pong)
	}
	if got.ClosedEmpty.Code != 1000 {
		t.Errorf("Close 1000 was answered with %v", got.ClosedEmpty)
	}
	wantDropped(t, "our server, left by the client,", s.ending(t, ctx, "ping").err)
}

func TestPythonServer(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	needPython(t)

	p := start(t, ctx, "python3", python, "testdata/python/server.py")
	checkServer(t, ctx, p, "ws://127.0.0.1:"+p.port(ctx), dialOurs)
}

func needPython(t *testing.T) {
	t.Helper()
	needFile(t, "/usr/lib/python3/dist-packages/websockets", "apt-get install python3-websockets")
}
