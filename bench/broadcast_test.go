package main

import (
	"os"
	"testing"

	"github.com/hawser-ws/websocket/bench/servers"
)

// The test binary is the server of these commands, too.
func init() {
	if len(os.Args) > 2 && os.Args[2] == "-serve" {
		main()
		os.Exit(0)
	}
}

// Every library sends to all who listen, and they hear what was sent.
func TestBroadcast(t *testing.T) {
	b := newTestBench(t)
	loop, end, err := compileC("broadcast", broadcastC)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for _, size := range []int{60, 1 << 10} {
		f := broadcastFlags{connections: 3, size: size, rounds: 2, generations: 1, each: 4}
		for _, burst := range []int{1, 4} {
			g := &BroadcastGroup{Burst: burst}
			for _, lib := range broadcastNames() {
				if lib != servers.LoopInC || loop != "" {
					g.Rows = append(g.Rows, &BroadcastRow{Result: Result{Lib: lib, Compared: true}})
				}
			}
			if err := g.run(t.Context(), b, &f, loop); err != nil {
				t.Fatal(err)
			}
			for _, r := range g.Rows {
				if len(r.Rounds) != 2 || r.Note != "" || r.cpu().Least <= 0 {
					t.Errorf("%d×%d bytes: %+v", burst, size, r)
				}
			}
		}
	}
}

// An audience notices what it did not ask for.
func TestAudienceNotices(t *testing.T) {
	b := newTestBench(t)
	f := broadcastFlags{connections: 2, size: 100}
	server, err := f.startHub(b, servers.Ours, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	wrong := f.text()
	wrong[50] ^= 1
	a, err := openAudience(t.Context(), server.Address, 2, wrong, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer a.drop()
	if err := server.Collect(); err != nil {
		t.Fatal(err)
	}
	if err := a.hear(); err == nil {
		t.Error("another text was heard than was expected, and nobody noticed")
	}
}
