package main

import (
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/bench/servers"
)

// Every library does handshakes, in a process and over a stub.
func TestHandshake(t *testing.T) {
	b := newTestBench(t)
	program, end, err := compileC("handshake", handshakeC)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for _, lib := range greeterNames() {
		t.Run(lib, func(t *testing.T) {
			g, inGo := servers.GetGreeter(lib)
			if !inGo && program == "" {
				t.Fatal("there is no C compiler: apt-get install gcc libc6-dev")
			}
			if inGo {
				n, bytes, err := countAllocations(g, 20)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%.1f allocations, %.0f bytes", n, bytes)
			}
			server, err := startGreeter(b, lib, program)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Stop()
			p := &porch{&HandshakeRow{Result: Result{Lib: lib}}, server}
			if err := p.round(t.Context(), 7, 3); err != nil {
				t.Fatal(err)
			}
			if r := p.row.Rounds; len(r) != 1 || r[0].CPU <= 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestCheckAccepted(t *testing.T) {
	good := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nsec-websocket-accept:  " + plainAccept + "\r\n\r\n"
	if err := checkAccepted([]byte(good)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		strings.Replace(good, "101", "200", 1),
		strings.Replace(good, "s3p", "s3q", 1),
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
	} {
		if checkAccepted([]byte(bad)) == nil {
			t.Errorf("%q is taken for a handshake", bad)
		}
	}
}

func TestIdle(t *testing.T) {
	b := newTestBench(t)
	for _, lib := range []string{servers.Ours, servers.Parked} {
		row := &IdleRow{Result: Result{Lib: lib, Compared: true}, Connections: 3}
		if err := row.round(t.Context(), b); err != nil {
			t.Fatalf("%s: %v", lib, err)
		}
		if r := row.Rounds; len(r) != 1 || r[0].Before < 1<<20 {
			t.Errorf("%s: %+v", lib, r)
		}
	}
}
