//go:build linux

package eventloop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// echo answers what comes, by one call to read and one to write.
type echo struct {
	Member
	fd  int
	dry atomic.Bool
	buf []byte
}

func (e *echo) Ready(ev Events) Events {
	if ev&(Readable|Ended) != 0 {
		e.dry.Store(false)
	}
	return ev &^ Writable
}

func (e *echo) Passed() {}

func (e *echo) Turn(Events) bool {
	if !e.dry.Load() {
		e.dry.Store(answer(e.fd, e.buf))
	}
	return false
}

func (e *echo) Abandon(p any, _ []byte) { panic(p) }

// answer reports whether it read all there was.
func answer(fd int, buf []byte) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), unix.MSG_DONTWAIT, 0, 0)
	if errno == 0 && n > 0 {
		_, _, _ = unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), n, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	}
	return int(n) < len(buf)
}

// plainLoop is what there would be without this package: epoll_wait on a locked thread.
func plainLoop(b *testing.B, fds []int) (stop func()) {
	b.Helper()
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	end, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	for _, fd := range append(slices.Clone(fds), end) {
		e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(fd)}
		if fd == end {
			e.Events = unix.EPOLLIN
		}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
			b.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		events, buf := make([]unix.EpollEvent, batchSize), make([]byte, 4096)
		for {
			n, _ := look(ep, events)
			if n == 0 {
				var err error
				if n, err = unix.EpollWait(ep, events, -1); err != nil && err != unix.EINTR {
					panic(err)
				}
			}
			for _, e := range events[:max(n, 0)] {
				if e.Fd == int32(end) {
					return
				}
				if e.Events&unix.EPOLLIN != 0 {
					answer(int(e.Fd), buf)
				}
			}
		}
	}()
	return func() {
		_, _ = unix.Write(end, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		<-done
		_ = unix.Close(end)
		_ = unix.Close(ep)
	}
}

// look does not wait.
func look(ep int, events []unix.EpollEvent) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	return int(n), errno
}

func ownLoop(b *testing.B, fds []int) (stop func()) {
	b.Helper()
	l, err := New()
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 4096)
	all := make([]*echo, len(fds))
	for i, fd := range fds {
		all[i] = &echo{fd: fd, buf: buf}
		if err := l.Add(fd, &all[i].Member, all[i]); err != nil {
			b.Fatal(err)
		}
	}
	return func() {
		for _, e := range all {
			e.Remove()
		}
		_ = l.Close()
	}
}

// BenchmarkEcho compares the loop to the least there could be, in alternating rounds of one
// run. A process of its own sends a message on each of CONNS sockets and waits for all
// answers, again and again. The benchmark reports medians: the CPU of this process for an
// echo, and its ratio to that of a plain loop in a pair of rounds.
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 64, 1000} {
		b.Run(fmt.Sprint(conns), func(b *testing.B) {
			ours, ask := startPeer(b, conns)
			pin(0)
			exchanges := max(1, 4000/conns)
			measure := func(start func(*testing.B, []int) func()) float64 {
				stop := start(b, ours)
				defer stop()
				ask(1)
				begin := cpu()
				ask(exchanges)
				return float64(cpu()-begin) / float64(exchanges*conns)
			}
			var plain, own, ratio []float64
			for b.Loop() {
				x, y := measure(plainLoop), measure(ownLoop)
				plain, own, ratio = append(plain, x), append(own, y), append(ratio, y/x)
			}
			b.ReportMetric(median(plain), "plain-ns/echo")
			b.ReportMetric(median(own), "ns/echo")
			b.ReportMetric(median(ratio), "ratio")
		})
	}
}

// startPeer starts the process that sends. ask has it do so many exchanges.
func startPeer(b *testing.B, conns int) (ours []int, ask func(exchanges int)) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), peerVariable+"="+strconv.Itoa(conns))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	for range conns {
		fd, peer := tcpPair(b)
		ours = append(ours, fd)
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(peer), "peer"))
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
		for i, fd := range ours {
			_ = unix.Close(fd)
			_ = cmd.ExtraFiles[i].Close()
		}
	})
	return ours, func(exchanges int) {
		if _, err := fmt.Fprintln(in, exchanges); err != nil {
			b.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			b.Fatal(err)
		}
	}
}

// tcpPair returns two ends of a connection, outside of Go's poller.
func tcpPair(b *testing.B) (x, y int) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		b.Fatal(err)
	}
	fds := make([]int, 2)
	for i, nc := range []net.Conn{server, client} {
		raw, err := nc.(*net.TCPConn).SyscallConn()
		if err != nil {
			b.Fatal(err)
		}
		_ = raw.Control(func(fd uintptr) { fds[i], err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
		if err != nil {
			b.Fatal(err)
		}
		_ = nc.Close()
	}
	return fds[0], fds[1]
}

// runPeer is the process that sends.
func runPeer(conns int) {
	const first = 3 // of the descriptors in ExtraFiles
	poller, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		panic(err)
	}
	for fd := first; fd < first+conns; fd++ {
		e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(fd)}
		if err := unix.EpollCtl(poller, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
			panic(err)
		}
	}
	pin(1)
	events, p := make([]unix.EpollEvent, 256), make([]byte, 32)
	for exchanges := 0; ; {
		if n, _ := fmt.Scanln(&exchanges); n == 0 {
			return
		}
		for range exchanges {
			for fd := first; fd < first+conns; fd++ {
				if _, err := unix.Write(fd, p); err != nil {
					panic(err)
				}
			}
			for back := 0; back < conns; {
				n, err := unix.EpollWait(poller, events, -1)
				if err != nil && err != unix.EINTR {
					panic(err)
				}
				for _, e := range events[:max(n, 0)] {
					if n, _ := unix.Read(int(e.Fd), p); n == len(p) {
						back++
					}
				}
			}
		}
		_, _ = os.Stdout.Write([]byte{'.'})
	}
}

func median(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }

// cpu returns what the process has used.
func cpu() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// pin has all threads of this process run on one core, if there are several.
func pin(core int) {
	var set unix.CPUSet
	set.Set(core)
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		tid, _ := strconv.Atoi(task.Name())
		_ = unix.SchedSetaffinity(tid, &set)
	}
}
