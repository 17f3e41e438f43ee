//go:build !linux

package transport

import (
	"errors"
	"net"
)

// Polled is for Linux. Elsewhere Detach fails, and so there is none.
type Polled struct{ netConn }

func NewPolled(int, Owner) *Polled { return new(Polled) }

func (p *Polled) Init(int, Owner)                          {}
func (p *Polled) TryFill(*Buffer) (int, error)             { return 0, net.ErrClosed }
func (p *Polled) RunInline(*Buffer, func() (_ bool)) error { return net.ErrClosed }
func (p *Polled) Release() bool                            { return false }
func (p *Polled) Reacquire() bool                          { return false }
func (p *Polled) Ready(Events) bool                        { return false }
func (p *Polled) TryRead([]byte) (int, error)              { return 0, net.ErrClosed }
func (p *Polled) Full() bool                               { return false }
func (p *Polled) Backlog() int                             { return 0 }
func (p *Polled) FreeRead()                                {}
func (p *Polled) FreeWrite()                               {}

func detachable(net.Conn) bool { return false }

// Drive fails: see errNoDetach.
func Drive(Transport, *Polled, Owner) (d Driven, fd int, err error) { return nil, -1, errNoDetach }

// Detach fails: see errNoDetach.
func Detach(net.Conn) (fd int, err error) { return -1, errNoDetach }

// DuplicateListener fails: there is no event loop.
func DuplicateListener(net.Listener) (fd int, ok bool) { return -1, false }

// ErrAcceptLater is not returned.
var ErrAcceptLater = errors.New("the system cannot accept a connection now")

// Accept fails: there is no event loop.
func Accept(int) (fd int, err error) { return -1, errNoDetach }

// AcceptFrom fails: there is no event loop.
func AcceptFrom(net.Listener) (fd int, err error) { return -1, errNoDetach }

// CanDrive reports false.
func CanDrive(Transport) bool { return false }
