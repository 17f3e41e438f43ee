package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A running is the program while it runs.
type running struct {
	*exec.Cmd
	stdout bytes.Buffer
	log    *bufio.Reader // standard error
	url    string
}

// listening starts ws conform -listen.
func listening(t *testing.T, args ...string) *running {
	t.Helper()
	r := begun(t, append([]string{"conform", "-listen", "127.0.0.1:0"}, args...)...)
	line, err := r.log.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(line, "listening on ")
	if !ok {
		t.Fatalf("the first line is %q", line)
	}
	r.url, _, _ = strings.Cut(rest, " ")
	return r
}

// begun starts the program.
func begun(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // what hangs is a failed test, and no more
	t.Cleanup(cancel)
	r := &running{Cmd: exec.CommandContext(ctx, program, args...)}
	r.Stdout = &r.stdout
	stderr, err := r.StderrPipe()
	if err == nil {
		err = r.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	r.log = bufio.NewReader(stderr)
	return r
}

// end waits for the end of the program.
func (r *running) end(t *testing.T) ended {
	t.Helper()
	stderr, err := io.ReadAll(r.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Wait(); err != nil && !isExit(err) {
		t.Fatal(err)
	}
	return ended{r.stdout.String(), string(stderr), r.ProcessState.ExitCode()}
}

func isExit(err error) bool {
	_, ok := errors.AsType[*exec.ExitError](err)
	return ok
}

// interrupt is Ctrl-C.
func (r *running) interrupt(t *testing.T) ended {
	t.Helper()
	if err := r.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	return r.end(t)
}
