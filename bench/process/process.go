// Package process runs servers in processes of their own, and asks Linux for the resources they
// use.
package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A Process is a running server.
type Process struct {
	Address string // where it listens, from its first line

	cmd    *exec.Cmd
	stdin  io.WriteCloser // the process ends when this is closed, and so when we end
	stdout *bufio.Reader
}

const (
	lineTimeout = 20 * time.Second
	stopTimeout = 5 * time.Second
)

// Start runs a program on one core and waits for its address.
func Start(core int, program string, args ...string) (*Process, error) {
	return StartOn([]int{core}, nil, program, args...)
}

// StartOn is like Start, on several cores and with additional environment variables.
func StartOn(cores []int, env []string, program string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(program, args...)}
	p.cmd.Stderr = os.Stderr
	p.cmd.Env = append(os.Environ(), env...)
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := onCores(cores, p.cmd.Start); err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	p.stdout = bufio.NewReader(stdout)
	if p.Address = p.line(); p.Address == "" {
		return nil, errors.Join(fmt.Errorf("%s does not tell its address", p.cmd), p.Stop())
	}
	return p, nil
}

// line waits for a line that the process prints. It is empty if there is none.
func (p *Process) line() string {
	first := make(chan string, 1)
	go func() {
		line, _ := p.stdout.ReadString('\n')
		first <- strings.TrimSpace(line)
	}()
	select {
	case line := <-first:
		return line
	case <-time.After(lineTimeout):
		return ""
	}
}

// Collect makes a process that supports it return its unused memory to the system, and waits
// until it has.
func (p *Process) Collect() error {
	if _, err := io.WriteString(p.stdin, "\n"); err != nil {
		return err
	}
	if p.line() == "" {
		return fmt.Errorf("%s does not collect", p.cmd)
	}
	return nil
}

// onCores runs start so that the process it starts stays on the cores, from its first thread
// on.
func onCores(cores []int, start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, chosen unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	for _, core := range cores {
		chosen.Set(core)
	}
	if err := unix.SchedSetaffinity(0, &chosen); err != nil {
		return err
	}
	err := start()
	return errors.Join(err, unix.SchedSetaffinity(0, &before))
}

// PID returns the process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends the process.
func (p *Process) Stop() error {
	_ = p.stdin.Close()
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-done
		return fmt.Errorf("%s did not end by itself", p.cmd)
	}
}
