//go:build unix

package main

import (
	"bytes"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// build compiles the server, with the race detector if this test has it.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "signaling")
	args := []string{"build", "-o", program}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return program
}

// free is an address that nobody listens on, for what has to be told to a
// process before it starts.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A server is a process of the example.
type server struct {
	name string
	url  string // http://127.0.0.1:PORT or https://…
	addr string // 127.0.0.1:PORT
	cmd  *exec.Cmd
	ends chan error // the status of the process, once
	out  *output
}

// serve starts a server and waits until it says where it is.
func serve(t *testing.T, program, name, listen string, args ...string) *server {
	t.Helper()
	s := &server{name: name, ends: make(chan error, 1), out: &output{heard: make(chan string, 1)}}
	s.cmd = exec.Command(program, append([]string{"-listen", listen}, args...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ends <- s.cmd.Wait() }()
	t.Cleanup(func() {
		s.kill(t)
		if t.Failed() {
			t.Logf("%s said:\n%s", name, s.out)
		}
	})
	select {
	case s.url = <-s.out.heard:
		_, s.addr, _ = strings.Cut(s.url, "://")
	case err := <-s.ends:
		s.ends <- err
		t.Fatalf("%s has ended: %v\n%s", name, err, s.out)
	case <-time.After(patience):
		t.Fatalf("%s does not say where it is:\n%s", name, s.out)
	}
	return s
}

// stop asks the server to end, as a supervisor does, and waits until it has.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.signal(t, syscall.SIGTERM)
	select {
	case err := <-s.ends:
		if s.ends <- err; err != nil {
			t.Errorf("%s, asked to end: %v\n%s", s.name, err, s.out)
		}
	case <-time.After(patience):
		t.Fatalf("%s has been asked to end and goes on:\n%s", s.name, s.out)
	}
}

// kill is kill -9. It may be called twice, and after stop.
func (s *server) kill(t *testing.T) {
	_ = s.cmd.Process.Kill() // it may have ended
	s.ends <- <-s.ends
}

// hold stops the process in its tracks, with what the network brings meanwhile
// waiting, until goOn.
func (s *server) hold(t *testing.T) { s.signal(t, syscall.SIGSTOP) }
func (s *server) goOn(t *testing.T) { s.signal(t, syscall.SIGCONT) }

func (s *server) signal(t *testing.T, which syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(which); err != nil {
		t.Fatalf("%s, %v: %v", s.name, which, err)
	}
}

// An output keeps what a process writes, and finds the first URL in it.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	heard chan string
	done  bool
}

var url = regexp.MustCompile(`https?://[0-9A-Za-z.:\[\]]+`)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if line, _, whole := strings.Cut(o.text.String(), "\n"); whole && !o.done {
		if found := url.FindString(line); found != "" {
			o.done = true
			o.heard <- found
		}
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
