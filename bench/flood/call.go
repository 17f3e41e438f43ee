package flood

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call reads or writes without telling Go's scheduler, since it cannot block.
func call(trap uintptr, fd int, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

// longest is the maximum time that wait sleeps.
const longest = 100 * time.Millisecond

// wait waits for events. With spin it only polls.
func (f *Flood) wait(spin bool) (int, error) {
	if !spin {
		n, err := unix.EpollWait(f.epoll, f.events, int(longest/time.Millisecond))
		if err == unix.EINTR {
			return 0, nil
		}
		return n, err
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(f.epoll), uintptr(unsafe.Pointer(&f.events[0])), uintptr(len(f.events)), 0, 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, errno
}
