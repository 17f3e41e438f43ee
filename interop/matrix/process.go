package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A process is a running program of a peer, with its children.
type process struct {
	name string
	log  string        // the file with all that it prints
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
	pid  int
}

// start starts a program of p. What it prints goes to a file named after log.
func (p *peer) start(ctx context.Context, log, program string, args ...string) (*process, error) {
	dir := filepath.Join(p.cache, "logs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(dir, p.Key+"-"+log+".log"))
	if err != nil {
		return nil, err
	}
	defer file.Close() // the process has its own descriptor
	cmd := p.command(context.WithoutCancel(ctx), program, args...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its children end with it
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s/%s: %w", p.Key, program, err)
	}
	run := &process{name: p.Key + "/" + program, log: file.Name(), done: make(chan struct{}), pid: cmd.Process.Pid}
	go func() {
		run.err = cmd.Wait()
		close(run.done)
	}()
	return run, nil
}

// stop ends the process and its children, politely first.
func (r *process) stop() {
	const patience = 3 * time.Second
	// The group outlives its first process where that leaves children behind.
	_ = syscall.Kill(-r.pid, syscall.SIGTERM)
	select {
	case <-r.done:
	case <-time.After(patience):
	}
	_ = syscall.Kill(-r.pid, syscall.SIGKILL)
	<-r.done
}

// failure describes how the process ended, with the last lines it printed.
func (r *process) failure() error {
	out, err := os.ReadFile(r.log)
	if err != nil {
		return err
	}
	how := "exit status 0"
	if r.err != nil {
		how = r.err.Error()
	}
	return fmt.Errorf("%s ended: %s\n%s", r.name, how, tail(out))
}

// listening waits until the process accepts TCP at address.
func (r *process) listening(ctx context.Context, address string) error {
	const pause = 50 * time.Millisecond
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-r.done:
			return r.failure()
		case <-ctx.Done():
			return fmt.Errorf("%s does not accept TCP at %s: %w", r.name, address, context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

// freePort returns a port of host that nobody listens at.
func freePort(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
