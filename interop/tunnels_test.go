package interop

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
	"github.com/xtaci/smux"
	"golang.org/x/crypto/ssh"

	"github.com/hawser-ws/websocket"
)

// tunnels are streams that are not quite a net.Conn of the standard library's: their
// deadlines have errors of their own, or are refused. What they run on ends with the
// test.
var tunnels = map[string]func(t *testing.T, a, b net.Conn) (near, other io.ReadWriteCloser){
	"yamux": func(t *testing.T, a, b net.Conn) (near, other io.ReadWriteCloser) {
		config := yamux.DefaultConfig()
		config.LogOutput = io.Discard
		server, err := yamux.Server(a, config)
		if err != nil {
			t.Fatal(err)
		}
		client, err := yamux.Client(b, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = client.Close(), server.Close() })
		return opened(t, client.Open, server.Accept)
	},
	"smux": func(t *testing.T, a, b net.Conn) (near, other io.ReadWriteCloser) {
		server, err := smux.Server(a, nil)
		if err != nil {
			t.Fatal(err)
		}
		client, err := smux.Client(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = client.Close(), server.Close() })
		return opened(t,
			func() (net.Conn, error) { return client.OpenStream() },
			func() (net.Conn, error) { return server.AcceptStream() })
	},
	"ssh": func(t *testing.T, a, b net.Conn) (near, other io.ReadWriteCloser) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := ssh.NewSignerFromKey(key)
		if err != nil {
			t.Fatal(err)
		}
		channels := make(chan ssh.Channel, 1)
		go func() {
			defer close(channels)
			config := &ssh.ServerConfig{NoClientAuth: true}
			config.AddHostKey(signer)
			_, offered, requests, err := ssh.NewServerConn(a, config)
			if err != nil {
				t.Error(err)
				return
			}
			go ssh.DiscardRequests(requests)
			channel, requests, err := (<-offered).Accept()
			if err != nil {
				t.Error(err)
				return
			}
			go ssh.DiscardRequests(requests)
			channels <- channel
		}()
		conn, offered, requests, err := ssh.NewClientConn(b, "", &ssh.ClientConfig{HostKeyCallback: ssh.FixedHostKey(signer.PublicKey())})
		if err != nil {
			t.Fatal(err)
		}
		client := ssh.NewClient(conn, offered, requests)
		t.Cleanup(func() { _ = client.Close() })
		nc, err := client.Dial("tcp", "127.0.0.1:80") // the server takes it for itself
		if err != nil {
			t.Fatal(err)
		}
		return nc, <-channels
	},
}

func opened(t *testing.T, open, accept func() (net.Conn, error)) (near, other io.ReadWriteCloser) {
	t.Helper()
	nc, err := open()
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := accept()
	if err != nil {
		t.Fatal(err)
	}
	return nc, accepted
}

// tunnel returns both ends of a connection in a tunnel over TCP.
func tunnel(t *testing.T, name string, opts *websocket.ConnOptions) (client, server *websocket.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	near, other := tunnels[name](t, a, b)
	client = websocket.NewConn(near, websocket.RoleClient, opts)
	server = websocket.NewConn(other, websocket.RoleServer, nil)
	t.Cleanup(func() { _, _ = client.CloseNow(), server.CloseNow() })
	if client.NetConn() != near {
		t.Errorf("NetConn is %v", client.NetConn())
	}
	return client, server
}

// A context bounds a read in a tunnel, and costs nothing.
func TestTunnels(t *testing.T) {
	for name := range tunnels {
		t.Run(name, func(t *testing.T) {
			client, server := tunnel(t, name, nil)
			for range 3 {
				for from, to := range map[*websocket.Conn]*websocket.Conn{client: server, server: client} {
					soon, cancel := context.WithTimeout(bounded(t), 10*time.Millisecond)
					read := make(chan error, 1)
					go func() { _, _, err := to.Read(soon); read <- err }()
					select {
					case err := <-read:
						if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) {
							t.Fatalf("a read that its context ends: %v", err)
						}
					case <-bounded(t).Done():
						t.Fatal("a read goes on when its context has ended")
					}
					cancel()
					want := binary(make([]byte, 200_000))
					sent := make(chan error, 1)
					go func() { sent <- from.Write(bounded(t), want.kind, want.data) }()
					kind, data, err := to.Read(bounded(t))
					if got := (message{kind, data}); err != nil || !got.is(want) {
						t.Fatalf("got %v, %v", got, err)
					}
					if err := <-sent; err != nil {
						t.Fatal(err)
					}
				}
			}
			go func() { _, _, _ = server.Read(bounded(t)) }()
			if err := client.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// Keepalive sees that the peer in a tunnel is silent.
func TestTunnelsKeepAlive(t *testing.T) {
	for name := range tunnels {
		t.Run(name, func(t *testing.T) {
			client, _ := tunnel(t, name, &websocket.ConnOptions{
				KeepAlive: websocket.KeepAlive{Interval: 10 * time.Millisecond, Timeout: 10 * time.Millisecond},
			})
			ended := client.CloseRead(context.Background())
			select {
			case <-ended.Done():
				if err := client.Ping(bounded(t)); !errors.Is(err, websocket.ErrKeepAlive) {
					t.Errorf("Ping: %v", err)
				}
			case <-bounded(t).Done():
				t.Fatal("the connection goes on")
			}
		})
	}
}
