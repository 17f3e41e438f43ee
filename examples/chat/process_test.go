//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/hawser-ws/websocket"
)

// Whoever ends the program, members are told: 1001, going away.
func TestSignals(t *testing.T) {
	program := filepath.Join(t.TempDir(), "chat")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, test := range []struct {
		signal os.Signal
		flags  []string
	}{
		{os.Interrupt, nil},
		{syscall.SIGTERM, nil},
		{syscall.SIGTERM, []string{"-loop"}},
	} {
		t.Run(strings.Join(append(test.flags, test.signal.String()), " "), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), program, append(test.flags, "-listen", "127.0.0.1:0")...)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(stderr).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			at := regexp.MustCompile(`chat at http://(127\.0\.0\.1:[0-9]+)/`).FindStringSubmatch(line)
			if at == nil {
				t.Fatalf("prints %q", line)
			}
			c, _, err := websocket.Dial(t.Context(), "ws://"+at[1]+"/rooms/harbour", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			say(t, c, "ahoy")
			hear(t, c, "ahoy")

			if err := cmd.Process.Signal(test.signal); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Errorf("the member was closed with %v", err)
			}
			rest, _ := io.ReadAll(stderr)
			if err := cmd.Wait(); err != nil || len(rest) > 0 {
				t.Errorf("the program ended with %v, %q", err, rest)
			}
		})
	}
}
