package interop

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a peer program. Everything it prints, on either stream, is kept
// by line: for the test to wait for, and to show when the test fails.
type process struct {
	t    *testing.T
	name string
	done chan struct{} // closed when it has ended

	mu      sync.Mutex
	lines   []string
	partial string
	read    int           // lines that await has passed
	more    chan struct{} // tells await of new lines
}

// start runs a program of a Debian package until the test ends. That it is
// missing is a failure: CI installs it.
func start(t *testing.T, ctx context.Context, debian, program string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s (%v)", program, debian, err)
	}
	p := &process{t: t, name: program, done: make(chan struct{}), more: make(chan struct{}, 1)}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = p, p
	// A group of its own, so that its children can be ended with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	cmd.WaitDelay = 5 * time.Second // for a child that left the group and holds the streams
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s does not start: %v", program, err)
	}
	go func() {
		cmd.Wait() // its status says nothing that the lines do not
		close(p.done)
	}()
	t.Cleanup(func() {
		// Politely first: a browser then ends its own children.
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(2 * time.Second):
			kill()
			<-p.done
		}
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

// await returns the next line that contains part.
func (p *process) await(ctx context.Context, part string) string {
	p.t.Helper()
	for ended := false; ; {
		if line, ok := p.find(part); ok {
			return line
		}
		if ended {
			p.t.Fatalf("%s ended before it printed %q", p.name, part)
		}
		select {
		case <-p.more:
		case <-p.done:
			ended = true // look once more
		case <-ctx.Done():
			p.t.Fatalf("%s has not printed %q: %v", p.name, part, ctx.Err())
		}
	}
}

func (p *process) find(part string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.read < len(p.lines) {
		line := p.lines[p.read]
		p.read++
		if strings.Contains(line, part) {
			return line, true
		}
	}
	return "", false
}

// port waits for the line "listening PORT".
func (p *process) port(ctx context.Context) string {
	p.t.Helper()
	_, port, _ := strings.Cut(p.await(ctx, "listening "), "listening ")
	return port
}

// report waits for the next line that is a JSON object, and decodes it.
func (p *process) report(ctx context.Context, into any) {
	p.t.Helper()
	line := p.await(ctx, `{"`)
	if err := json.Unmarshal([]byte(line), into); err != nil {
		p.t.Fatalf("%s printed %q: %v", p.name, line, err)
	}
}

// needFile fails the test when a file that a package brings is not there.
func needFile(t *testing.T, name, how string) {
	t.Helper()
	if _, err := os.Stat(name); err != nil {
		t.Fatalf("%s is missing: %s (%v)", name, how, err)
	}
}
