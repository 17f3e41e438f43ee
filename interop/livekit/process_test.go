package livekit

import (
	"context"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that runs until the test ends. What it prints, on either
// stream, is kept by line: for the test to wait for, and to show when it fails.
type process struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	done chan struct{} // closed when it has ended

	mu      sync.Mutex
	lines   []string
	partial string
	read    int           // lines that await has passed
	more    chan struct{} // tells await of new lines
}

func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: program, done: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd = exec.Command(program, args...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is in ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error: it has ended
		<-p.done
		if t.Failed() {
			t.Logf("%s printed:\n%s", program, p.printed())
		}
	})
	return p
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := strings.Split(p.partial+string(b), "\n")
	p.lines = append(p.lines, lines[:len(lines)-1]...)
	p.partial = lines[len(lines)-1]
	select {
	case p.more <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(append(p.lines[:len(p.lines):len(p.lines)], p.partial), "\n")
}

// await returns the next line that has all of parts.
func (p *process) await(ctx context.Context, parts ...string) string {
	p.t.Helper()
	for ended := false; ; {
		if line, ok := p.find(parts); ok {
			return line
		}
		if ended {
			p.t.Fatalf("%s ended before it printed %q", p.name, parts)
		}
		select {
		case <-p.more:
		case <-p.done:
			ended = true // look once more
		case <-ctx.Done():
			p.t.Fatalf("%s has not printed %q: %v", p.name, parts, ctx.Err())
		}
	}
}

func (p *process) find(parts []string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.read < len(p.lines) {
		line := p.lines[p.read]
		p.read++
		missing := false
		for _, part := range parts {
			missing = missing || !strings.Contains(line, part)
		}
		if !missing {
			return line, true
		}
	}
	return "", false
}

// interrupt is Ctrl-C.
func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Errorf("%s: %v", p.name, err)
	}
}

// exit waits for the end, and wants that exit code.
func (p *process) exit(ctx context.Context, code int) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.t.Fatalf("%s has not ended: %v", p.name, ctx.Err())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("%s: exit code %d, want %d", p.name, got, code)
	}
}

// patience bounds a test that waits for programs: a generous while, for a machine that
// has other things to do.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
