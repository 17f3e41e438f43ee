//go:build !linux

package transport

import (
	"errors"
	"net"
	"time"
)

// Polled is for Linux. Elsewhere Detach fails, and so there is none.
type Polled struct{ netConn }

func NewPolled(int, Owner) *Polled { return new(Polled) }

func (p *Polled) Init(int, Owner)              {}
func (p *Polled) TryFill(*Buffer) (int, error) { return 0, net.ErrClosed }
func (p *Polled) Release() bool                { return false }
func (p *Polled) Reacquire() bool              { return false }
func (p *Polled) Ready(Events) bool            { return false }
func (p *Polled) TryRead([]byte) (int, error)  { return 0, net.ErrClosed }
func (p *Polled) Full() bool                   { return false }
func (p *Polled) Backlog() int                 { return 0 }
func (p *Polled) FreeRead()                    {}
func (p *Polled) FreeWrite()                   {}

func detachable(net.Conn) bool { return false }

// Drive fails: see errNoDetach.
func Drive(Transport, *Polled, Owner) (d Driven, fd int, err error) { return nil, -1, errNoDetach }

// Detach fails: see errNoDetach.
func Detach(net.Conn) (fd int, err error) { return -1, errNoDetach }

// ErrAcceptLater is not returned.
var ErrAcceptLater = errors.New("the system cannot accept a connection now")

// Acceptor is for Linux.
type Acceptor struct{}

// Accepted is what it would return.
type Accepted struct{ FD int }

// Adopt is not called.
func Adopt(fd int) Accepted { return Accepted{fd} }

// NewAcceptor returns nil: there is no event loop.
func NewAcceptor(net.Listener) *Acceptor { return nil }

func (*Acceptor) Accept(time.Duration) (Accepted, error) { return Accepted{}, errNoDetach }

func (*Acceptor) Close() {}

func (p *Polled) InitAccepted(Accepted, Owner) {}

// CanDrive reports false.
func CanDrive(Transport) bool { return false }
