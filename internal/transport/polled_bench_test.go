//go:build linux && !386 && !s390x && !race

package transport

import (
	"syscall"
	"testing"
)

// What a turn that echoes a small message costs, beside its two system calls and those of the
// other end.
func BenchmarkPolledTurn(b *testing.B) {
	pair := func() (near, far int) {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			b.Fatal(err)
		}
		return fds[0], fds[1]
	}
	text, p := make([]byte, 40), make([]byte, 100)
	b.Run("calls", func(b *testing.B) {
		near, far := pair()
		defer syscall.Close(near)
		defer syscall.Close(far)
		for b.Loop() {
			_, _ = sysWrite(uintptr(far), text)
			n, _ := sysRead(uintptr(near), p)
			_, _ = sysWrite(uintptr(near), p[:n])
			if n, _ := sysRead(uintptr(far), p); n != len(text) {
				b.Fatal(n)
			}
		}
	})
	b.Run("Polled", func(b *testing.B) {
		near, far := pair()
		defer syscall.Close(far)
		d := NewPolled(near, nil)
		defer func() {
			d.FreeRead()
			d.FreeWrite()
			_ = d.Close()
		}()
		var buf Buffer
		arrived := func() bool {
			d.TryWrite(buf.Bytes())
			buf.Consume(buf.Buffered())
			return true
		}
		for b.Loop() {
			_, _ = sysWrite(uintptr(far), text)
			d.Ready(Readable)
			_ = eachArrival(d, &buf, arrived)
			if n, _ := sysRead(uintptr(far), p); n != len(text) {
				b.Fatal(n)
			}
		}
	})
}
