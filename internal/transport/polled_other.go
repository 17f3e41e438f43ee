//go:build !linux

package transport

import "net"

// Polled is for Linux. Elsewhere Detach fails, and so there is none.
type Polled struct{ netConn }

func NewPolled(int, Owner) *Polled { return new(Polled) }

func (p *Polled) Init(int, Owner)                          {}
func (p *Polled) TryFill(*Buffer) (int, error)             { return 0, net.ErrClosed }
func (p *Polled) RunInline(*Buffer, func() (_ bool)) error { return net.ErrClosed }
func (p *Polled) Release() bool                            { return false }
func (p *Polled) Reacquire() bool                          { return false }
func (p *Polled) Ready(Events)                             {}
func (p *Polled) Full() bool                               { return false }
func (p *Polled) FreeRead()                                {}
func (p *Polled) FreeWrite()                               {}

// Detach fails: see errNoDetach.
func Detach(net.Conn) (fd int, err error) { return -1, errNoDetach }
