package servers_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/bench/flood"
	"github.com/hawser-ws/websocket/bench/servers"
)

// Everybody that echoes does so at every length of the length field, alone and in
// batches, text and binary, and in order.
func TestEchoUncompressed(t *testing.T) {
	for _, name := range servers.EchoNames() {
		t.Run(name, func(t *testing.T) {
			// Every program is started before anybody is connected to: nbio's descriptors
			// are not closed on exec, so a child would inherit its connections, and epoll
			// would go on to report those that nbio has closed, under numbers used again.
			address := listen(t, name)
			t.Parallel()
			for _, test := range []struct{ size, inFlight int }{{1, 16}, {32, 1}, {125, 16}, {126, 16}, {1024, 16}, {4096, 3}, {65535, 2}, {65536, 1}, {200_000, 2}} {
				for _, text := range []bool{false, true} {
					script := flood.NewScript(test.size, test.inFlight, text)
					f, err := flood.Open(t.Context(), address, 3, script)
					if err != nil {
						t.Fatal(err)
					}
					if f.Terms.Deflate {
						t.Error("compression that nobody asked for")
					}
					n, err := f.Run(t.Context(), flood.Plan{Each: 8 * test.inFlight, Full: true})
					f.Drop()
					if err != nil || n.Checked != n.Messages {
						t.Errorf("%d bytes, %d in flight: %+v, %v", test.size, test.inFlight, n, err)
					}
				}
			}
		})
	}
}

// listen starts a server in this process, or the program that it is.
func listen(t *testing.T, name string) (address string) {
	t.Helper()
	lib, err := servers.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	s := servers.Settings{Mode: servers.None, Bits: 15}
	program, ok := lib.(servers.Program)
	if !ok {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- lib.Echo(l, s) }()
		t.Cleanup(func() {
			_ = l.Close()
			<-ended
		})
		return l.Addr().String()
	}
	path, args, err := program.Command(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: path, Args: args, Stderr: os.Stderr}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%s does not start: %v", name, err)
	}
	return strings.TrimSpace(line)
}

func TestKinds(t *testing.T) {
	for _, name := range servers.EchoNames() {
		want := servers.Peer
		switch name {
		case "hawser", "hawser-upgrade", "hawser-loop", "hawser-as-gorilla":
			want = servers.Own
		case "ws":
			want = servers.Other
		case "tcp", "rawconn", "epoll":
			want = servers.Floor
		}
		if got := servers.KindOf(name); got != want {
			t.Errorf("%s is of the kind %d", name, got)
		}
	}
	if got := fmt.Sprint(servers.Names()); got != "[hawser hawser-as-gorilla gorilla coder gws]" {
		t.Errorf("those that compress are %s", got)
	}
}
