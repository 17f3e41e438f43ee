//go:build linux

package transport

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Numbers of descriptors are used again. So a descriptor is closed only when nobody can be about
// to use it, and everybody who uses it counts:
//
//   - whoever is inside the gate for reading, until FreeRead
//   - whoever is inside the gate for writing, until FreeWrite
//   - Close, which shuts the socket down and so ends what its peer waits for
//   - anybody else, such as one who asks for an address, between use and unuse
//
// One word counts them. Its states:
//
//	           Close begins                 Close, FreeRead, FreeWrite
//	open ──────────────────────▶ shut down ────────────────────────────▶ closed
//	use succeeds                 use fails      and the last unuse
//	                             reads and writes fail
//
// FreeRead and FreeWrite may also come before Close. Whoever makes the change that leads to
// closed closes the descriptor.
const (
	readFreed  = 1 << iota // nobody will read
	writeFreed             // nobody will write
	closing                // Close has begun
	shut                   // Close is done with the descriptor
	oneUser                // counts others

	nobody = readFreed | writeFreed | closing | shut
)

func (p *Polled) FreeRead()  { p.pass(readFreed) }
func (p *Polled) FreeWrite() { p.pass(writeFreed) }

// Close ends both directions at once, and wakes those who wait. A second Close does nothing.
func (p *Polled) Close() error {
	if p.life.Or(closing)&closing != 0 {
		return nil
	}
	_ = unix.Shutdown(int(p.fd), unix.SHUT_RDWR)
	p.ring(Ended)
	p.pass(shut)
	return nil
}

// pass says that one of those who use the descriptor does so no more.
func (p *Polled) pass(bit uint32) {
	if was := p.life.Or(bit); was&bit == 0 && was|bit == nobody {
		p.free()
	}
}

// use keeps the descriptor open until unuse, for a caller outside the gates. It fails after
// Close.
func (p *Polled) use() bool {
	for {
		was := p.life.Load()
		if was&closing != 0 {
			return false
		}
		if p.life.CompareAndSwap(was, was+oneUser) {
			return true
		}
	}
}

func (p *Polled) unuse() {
	if p.life.Add(^uint32(oneUser-1)) == nobody {
		p.free()
	}
}

// free closes the descriptor. It is called once.
func (p *Polled) free() {
	if p.owner != nil {
		p.owner.Freed()
	}
	_ = syscall.Close(int(p.fd))
}

// CloseWrite may be called from anywhere.
func (p *Polled) CloseWrite() bool {
	if !p.use() {
		return false
	}
	defer p.unuse()
	return unix.Shutdown(int(p.fd), unix.SHUT_WR) == nil
}
