package eventloop

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller is an epoll set whose own descriptor is in Go's poller: a leader who waits for
// events is parked as a goroutine that reads from a socket is, and holds no thread.
type poller struct {
	file     *os.File
	raw      syscall.RawConn
	look     func(fd uintptr) bool // lookFor
	handover *handover             // is told when the leader sleeps
	change   change                // of the set

	// These are the leader's.
	park   bool // may it sleep?
	leader rest
	found  int
	events [batchSize]unix.EpollEvent
}

func newPoller(h *handover) (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	p := &poller{handover: h}
	p.look = p.lookFor
	p.change.call = p.change.do
	if err := unix.SetNonblock(fd, true); err != nil { // or package os would not have it in Go's poller
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p.file = os.NewFile(uintptr(fd), "epoll")
	if err = p.file.SetDeadline(time.Time{}); err == nil { // it is in Go's poller
		p.raw, err = p.file.SyscallConn()
	}
	if err != nil {
		_ = p.file.Close()
		return nil, err
	}
	return p, nil
}

// wait returns how many events there are. If park is set and there are none, and nothing to
// take from the handover, it waits for the first. It fails once the poller is closed.
func (p *poller) wait(park bool) (int, error) {
	p.park = park
	err := p.raw.Read(p.look)
	return p.found, err
}

// lookFor asks for events and never waits: RawConn.Read does, if it returns false. So the
// scheduler need not be told of the system call.
func (p *poller) lookFor(fd uintptr) bool {
	if p.leader == asleep {
		p.leader = awake
		p.handover.wake()
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd,
		uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)), 0, 0, 0)
	p.found = int(n)
	if errno != 0 {
		p.found = 0
	}
	if p.found > 0 || !p.park {
		return true
	}
	if !p.handover.sleep() {
		return true
	}
	p.leader = asleep
	return false
}

// event returns the i-th of the events found.
func (p *poller) event(i int) (fd int32, gen uint32, ev Events) {
	e := &p.events[i]
	if e.Events&unix.EPOLLIN != 0 {
		ev |= Readable
	}
	if e.Events&unix.EPOLLOUT != 0 {
		ev |= Writable
	}
	if e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		ev |= Ended
	}
	return e.Fd, uint32(e.Pad), ev
}

// add has events of fd come whenever something changes, and once for what is there already.
func (p *poller) add(fd int32, gen uint32) error {
	const events = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
	return p.control(unix.EPOLL_CTL_ADD, unix.EpollEvent{Events: events, Fd: fd, Pad: int32(gen)})
}

// remove asks for no more events of fd. It fails if the poller is closed, and then there
// are none.
func (p *poller) remove(fd int32) { _ = p.control(unix.EPOLL_CTL_DEL, unix.EpollEvent{Fd: fd}) }

// change is a change of the set. It is memory that every change uses in turn: one of its own
// would be garbage for each connection.
type change struct {
	mu    sync.Mutex
	call  func(ep uintptr) // do, bound once
	op    int
	event unix.EpollEvent
	err   error
}

func (c *change) do(ep uintptr) { c.err = unix.EpollCtl(int(ep), c.op, int(c.event.Fd), &c.event) }

// control holds on to the poller's descriptor, so that Close does not take it away meanwhile.
func (p *poller) control(op int, e unix.EpollEvent) error {
	c := &p.change
	c.mu.Lock()
	defer c.mu.Unlock()
	c.op, c.event = op, e
	if closed := p.raw.Control(c.call); closed != nil {
		return closed
	}
	return os.NewSyscallError("epoll_ctl", c.err)
}

// close wakes a leader who waits.
func (p *poller) close() error { return p.file.Close() }
