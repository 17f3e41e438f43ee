package interop

import "testing"

func TestJavaClient(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	s := serve(t, ctx, acceptOurs)

	// Java compiles the source as it starts it, which needs the JDK. The two
	// flags keep a short program from warming up for a long one.
	p := start(t, ctx, "default-jdk-headless", "java",
		"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "testdata/java/Client.java", s.ws())
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
