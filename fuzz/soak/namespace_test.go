//go:build linux

package soak

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hawser-ws/websocket"
)

// namespace is a network namespace that exists as long as its tun device is open. What
// is done in it is done by threads of its own, which end with their goroutines.
type namespace struct {
	fd  int // of the namespace
	tun *os.File
}

// mtu is Ethernet's, in bytes.
const mtu = 1500

// The network between the namespaces is made of the addresses kept for documentation
// (RFC 5737): nothing outside has them, and no packet leaves the wire.
var (
	clientAddress = [4]byte{192, 0, 2, 1}
	serverAddress = [4]byte{192, 0, 2, 2}
)

// newNamespace makes a namespace with a tun device that has this address.
func newNamespace(address [4]byte) (ns *namespace, err error) {
	ns = &namespace{fd: -1}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and not unlocked: the thread has left the others' network
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			err = os.NewSyscallError("unshare", err)
			return
		}
		if ns.fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		ns.tun, err = openTun(address)
	}()
	<-done
	if err != nil {
		ns.close()
		return nil, err
	}
	return ns, nil
}

func (ns *namespace) close() {
	if ns.tun != nil {
		_ = ns.tun.Close()
	}
	if ns.fd >= 0 {
		_ = unix.Close(ns.fd)
	}
}

// in calls f on a thread that is in the namespace.
func (ns *namespace) in(f func() error) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Setns(ns.fd, unix.CLONE_NEWNET); err == nil {
			err = f()
		}
	}()
	<-done
	return err
}

// TestFaultsNamespace is TestFaults over IP, between two network namespaces, on a wire
// that loses, repeats, delays and so reorders packets. It takes root. Where it must not
// be left out, HAWSER_NETNS=must has it fail without.
func TestFaultsNamespace(t *testing.T) {
	slots, length := 100, 15*time.Second
	if testing.Short() {
		slots, length = 40, 5*time.Second
	}
	there, err := newNamespace(serverAddress)
	if err == nil {
		defer there.close()
		var here *namespace
		if here, err = newNamespace(clientAddress); err == nil {
			defer here.close()
			r := newRun(t, slots)
			r.fronts, r.harm = wholeFronts, blackHoles
			r.test(length, there.listen, func() (network, error) { return newWire(r, here, there), nil })
			return
		}
	}
	if os.Getenv("HAWSER_NETNS") == "must" || !errors.Is(err, unix.EPERM) {
		t.Fatal("no network namespaces: ", err)
	}
	t.Skip("network namespaces are for root: ", err)
}

// listen listens in the namespace.
func (ns *namespace) listen() (l net.Listener, err error) {
	err = ns.in(func() error {
		l, err = net.Listen("tcp4", net.JoinHostPort(net.IP(serverAddress[:]).String(), "0"))
		return err
	})
	return l, err
}

// dial connects from the namespace. A socket stays in the one it was made in.
func (ns *namespace) dial(ctx context.Context, address string) (c net.Conn, err error) {
	err = ns.in(func() error {
		var d net.Dialer
		c, err = d.DialContext(ctx, "tcp4", address)
		return err
	})
	return c, err
}

func (w *wire) dial(ctx context.Context, l *link) (*websocket.Conn, error) {
	return w.run.connect(ctx, l, nil, func(ctx context.Context) (net.Conn, error) {
		c, err := w.here.dial(ctx, w.run.servers.address(l))
		if err != nil {
			return nil, fmt.Errorf("from the namespace: %w", err)
		}
		w.note(l, uint16(c.LocalAddr().(*net.TCPAddr).Port))
		return c, nil
	})
}
