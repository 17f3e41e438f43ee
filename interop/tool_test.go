package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// buildTool builds the command ws. It finds the library by go.work: its go.mod may have no
// replace directive.
func buildTool(t *testing.T, ctx context.Context) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "ws")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	cmd.Dir = "../cmd/ws"
	cmd.Env = append(os.Environ(), "GOWORK=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// The page of ws serve -http2 opens its WebSockets on the connection that it came over.
func TestToolPage(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	server := start(t, ctx, "", buildTool(t, ctx), "serve", "-http2", "-tls", "-v", "-listen", "127.0.0.1:0")
	page := strings.TrimPrefix(server.await(ctx, "a page for browsers"), "a page for browsers is at ")

	browse(t, ctx, page+"?sockets=5&say=ahoy")

	ended := regexp.MustCompile(`msg=ended socket=\d+ over=HTTP/2 peer=(\S+) how="websocket: closed by the peer: 1000"`)
	peers := map[string]bool{}
	for range 5 {
		line := server.await(ctx, "msg=ended")
		found := ended.FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("a WebSocket of the page has ended badly, or not over HTTP/2: %s", line)
		}
		peers[found[1]] = true
	}
	if len(peers) != 1 {
		t.Errorf("the WebSockets came over %d connections: %v", len(peers), peers)
	}
}
