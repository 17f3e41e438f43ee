package interop

import (
	"context"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// deflatingProgram is an echo in a language with a script for it.
func deflatingProgram(name, debian, program, script string, by habits, need func(t *testing.T)) echoer {
	launch := func(t *testing.T, ctx context.Context, args ...string) (*process, func() told) {
		t.Helper()
		need(t)
		p := start(t, ctx, debian, program, append([]string{script}, args...)...)
		return p, func() (got told) {
			t.Helper()
			p.report(ctx, &got)
			return got
		}
	}
	return echoer{
		name:   name,
		habits: by,
		dial: func(t *testing.T, ctx context.Context, url string, asks handshake.Deflate) func() told {
			t.Helper()
			_, report := launch(t, ctx, "dial", asJSON(asks), url)
			return report
		},
		serve: func(t *testing.T, ctx context.Context, asks handshake.Deflate) (string, func() told) {
			t.Helper()
			p, report := launch(t, ctx, "serve", asJSON(asks))
			return "ws://127.0.0.1:" + p.port(ctx), report
		},
	}
}

var (
	deflatingNode = deflatingProgram("node", "nodejs", "node", "testdata/node/deflate.mjs", habits{fragments: true, plain: true}, func(t *testing.T) {
		t.Helper()
		needFile(t, "node_modules/ws/package.json", npmCI)
	})
	deflatingPython = deflatingProgram("python", "python3", python, "testdata/python/deflate.py", habits{fragments: true}, needPython)
)
