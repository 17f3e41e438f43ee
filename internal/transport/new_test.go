package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// shy refuses deadlines, as a channel of golang.org/x/crypto/ssh does.
type shy struct{ net.Conn }

var errShy = errors.New("deadline not supported")

func (shy) SetDeadline(time.Time) error      { return errShy }
func (shy) SetReadDeadline(time.Time) error  { return errShy }
func (shy) SetWriteDeadline(time.Time) error { return errShy }

// wrapped is a net.Conn of somebody's own.
type wrapped struct{ net.Conn }

// Which stream is driven how, and what it returns as NetConn.
func TestNew(t *testing.T) {
	tcp, _ := pair(t, "tcp")
	a, b := pair(t, "tcp")
	secure, _ := overTLS(t, a, b)
	a, b = net.Pipe()
	shyTLS, _ := overTLS(t, shy{a}, b)
	p, _ := net.Pipe()
	kind, traits := "net.Conn", RetainsBuffers
	if _, unix := Transport(new(Socket)).(InlineLooper); unix {
		kind, traits = "socket", CountsPartialWrites|TriesWrites
	}
	for name, test := range map[string]struct {
		rwc    io.ReadWriteCloser
		nc     net.Conn
		kind   string
		traits Traits
	}{
		"TCP":            {tcp, tcp, kind, traits},
		"a wrapper":      {wrapped{tcp}, wrapped{tcp}, "net.Conn", RetainsBuffers},
		"TLS":            {secure, secure, "TLS", 0},
		"shy":            {shy{p}, shy{p}, "pump", 0},
		"TLS over shy":   {shyTLS, shyTLS, "pump", 0},
		"a stream":       {stream{p}, nil, "pump", 0},
		"a pipe":         {p, p, "net.Conn", RetainsBuffers},
		"a TCP of none":  {&net.TCPConn{}, &net.TCPConn{}, "pump", 0},
		"a Unix of none": {&net.UnixConn{}, &net.UnixConn{}, "pump", 0},
	} {
		var s Socket
		got := New(test.rwc, &s)
		var is string
		switch got.(type) {
		case *Socket:
			is = "socket"
		case *tlsConn:
			is = "TLS"
		case *netConn:
			is = "net.Conn"
		case *pump:
			is = "pump"
		}
		if is != test.kind || got.Traits() != test.traits {
			t.Errorf("%s: driven as %s, with traits %b", name, is, got.Traits())
		}
		if nc := got.NetConn(); nc != test.nc && !strings.HasSuffix(name, "none") {
			t.Errorf("%s: NetConn is %v", name, nc)
		}
	}
}

func TestTraits(t *testing.T) {
	both := CountsPartialWrites | RetainsBuffers
	if !both.Has(RetainsBuffers) || !both.Has(both) || RetainsBuffers.Has(both) || Traits(0).Has(RetainsBuffers) {
		t.Error("Has")
	}
}

// timeout is a timeout by another name than os.ErrDeadlineExceeded.
type timeout struct{}

func (timeout) Error() string   { return "i/o deadline reached" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestIsTimeout(t *testing.T) {
	for _, test := range []struct {
		err                   error
		timedOut, interrupted bool
	}{
		{nil, false, false},
		{io.EOF, false, false},
		{os.ErrDeadlineExceeded, true, true},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, true, true},
		{timeout{}, true, false},
		{&net.OpError{Op: "read", Err: timeout{}}, true, false},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", timeout{})}, false, false},
	} {
		if IsTimeout(test.err) != test.timedOut || DeadlineExceeded(test.err) != test.interrupted {
			t.Errorf("%v: timed out %v, interrupted %v", test.err, IsTimeout(test.err), DeadlineExceeded(test.err))
		}
	}
}

// What came before the connection comes first, and goes into the buffer if that holds it.
func TestPreload(t *testing.T) {
	for _, n := range []int{0, 1, readSize, readSize + 1, 3 * readSize} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			defer far.Close()
			under := New(near, new(Socket))
			defer under.Close()
			var b Buffer
			s := Preload(under, &b, []byte(strings.Repeat("p", n)))
			if s == under != (n <= readSize) {
				t.Errorf("%d bytes: they are in the wrong place", n)
			}
			go func() { _, _ = io.WriteString(far, "live") }()
			var got strings.Builder
			for got.Len() < n+4 {
				if got.Len() == readSize { // by Read, beside Fill
					var p [100]byte
					m, err := s.Read(p[:])
					if err != nil {
						t.Fatal(err)
					}
					got.Write(p[:m])
					continue
				}
				if b.Buffered() == 0 {
					if _, err := s.Fill(&b); err != nil {
						t.Fatal(err)
					}
				}
				got.Write(b.Bytes())
				b.Consume(b.Buffered())
			}
			if got.String() != strings.Repeat("p", n)+"live" {
				t.Errorf("%d bytes: %d came", n, got.Len())
			}
			if p, ok := s.(*preloaded); ok && (p.p != nil || p.Traits() != RetainsBuffers) {
				t.Error("it keeps what was read, or hides what it stands before")
			}
			b.Discard()
		})
	}
}
