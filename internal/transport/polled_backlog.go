//go:build linux

package transport

import "golang.org/x/sys/unix"

// Backlog returns how many bytes are in the system that the peer has still to take. While the
// socket is full they only become fewer. It is 0 if that is not known.
func (p *Polled) Backlog() int {
	if !p.use() {
		return 0
	}
	defer p.unuse()
	n, err := unix.IoctlGetInt(int(p.fd), unix.SIOCOUTQ)
	if err != nil {
		return 0
	}
	return n
}
