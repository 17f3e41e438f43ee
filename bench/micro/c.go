package micro

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A cProgram is the C program for masking, as a process.
type cProgram struct {
	vector string // what its intrinsics are for

	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
}

func startC(program string) (*cProgram, error) {
	c := &cProgram{cmd: exec.Command(program)}
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(stdout)
	c.vector, err = c.line()
	if err == nil && c.vector == "wrong" {
		err = fmt.Errorf("%s masks wrongly", program)
	}
	return c, err
}

func (c *cProgram) line() (string, error) {
	line, err := c.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

func (c *cProgram) stop() {
	_ = c.stdin.Close()
	_ = c.cmd.Wait()
}

// batch makes a kernel mask bytes n times.
func (c *cProgram) batch(kernel string, size, n int) (time.Duration, error) {
	if _, err := fmt.Fprintf(c.stdin, "%s %d %d\n", kernel, size, n); err != nil {
		return 0, err
	}
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(line, 10, 64)
	return time.Duration(ns), err
}

func (c *cProgram) contender(name, kernel string, size int) *Contender {
	return &Contender{Name: name, Batch: func(n int) (time.Duration, error) { return c.batch(kernel, size, n) }}
}
