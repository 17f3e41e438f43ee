package process

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Ask writes a line to the process and returns the line that it answers with, however long
// that takes.
func (p *Process) Ask(ctx context.Context, question string) (answer string, err error) {
	if _, err := io.WriteString(p.stdin, question+"\n"); err != nil {
		return "", fmt.Errorf("process %d has ended: %w", p.PID(), err)
	}
	type line struct {
		text string
		err  error
	}
	first := make(chan line, 1)
	go func() {
		text, err := p.stdout.ReadString('\n')
		first <- line{text, err}
	}()
	select {
	case l := <-first:
		if l.err != nil {
			return "", fmt.Errorf("process %d has ended instead of answering %q: %w", p.PID(), question, l.err)
		}
		return strings.TrimSpace(l.text), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Kill ends the process at once, and waits for that.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
