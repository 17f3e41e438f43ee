package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/agent"
	"github.com/hawser-ws/websocket/examples/sip/transport"
)

// kamailio starts a Kamailio for the test and returns its URL and the port.
func kamailio(t *testing.T) (url, address string) {
	t.Helper()
	path, err := exec.LookPath("kamailio")
	if err != nil {
		path = "/usr/sbin/kamailio" // not in everybody's PATH
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal("kamailio is not here: apt-get install kamailio kamailio-websocket-modules")
	}
	// Somebody else may take the port between the kernel's word and Kamailio.
	for range 5 {
		if address, err = tryKamailio(t, path); err == nil {
			return "ws://" + address + "/", address
		}
		t.Log(err)
	}
	t.Fatal("kamailio does not start")
	return "", ""
}

func tryKamailio(t *testing.T, path string) (address string, err error) {
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	address = free.Addr().String()
	_ = free.Close()

	// Not t.TempDir: its path may be too long for the names of Kamailio's sockets.
	dir, err := os.MkdirTemp("", "kam")
	if err != nil {
		return "", err
	}
	config, err := filepath.Abs("testdata/kamailio.cfg")
	if err != nil {
		return "", err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", err
	}
	// -DD: it stays in the foreground, with its children.
	cmd := exec.Command(path, "-DD", "-E", "-f", config, "-l", "tcp:"+address, "-m", "32", "-M", "4",
		"-w", dir, "-Y", dir, "-P", filepath.Join(dir, "pid"))
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	end := func() string {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(patience):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-exited
		}
		text, _ := os.ReadFile(log.Name())
		_ = log.Close()
		_ = os.RemoveAll(dir)
		return string(text)
	}
	for deadline := time.Now().Add(patience); ; {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			break
		}
		select {
		case err := <-exited:
			exited <- err
			return "", fmt.Errorf("kamailio ended: %v\n%s", err, end())
		case <-time.After(pause):
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("kamailio does not listen:\n%s", end())
		}
	}
	t.Cleanup(func() {
		if text := end(); t.Failed() {
			t.Log(text)
		}
	})
	return address, nil
}

// invoke runs a command of ours, and returns what it printed.
func invoke(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out, output(t))
	return out.String(), err
}

func TestKamailio(t *testing.T) {
	url, address := kamailio(t)

	t.Run("register", func(t *testing.T) {
		var a agent.Agent
		a.Account = agent.Account{User: "alice", Domain: "example.com", Password: "secret"}
		responses := make(chan int, 10)
		a.Log = statuses(responses)
		s, err := a.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		granted, err := s.Register(t.Context(), 300)
		if err != nil || granted != 300*time.Second {
			t.Errorf("registered for %v, %v", granted, err)
		}
		if first, second := <-responses, <-responses; first != 401 || second != 200 {
			t.Errorf("the responses were %d and %d", first, second)
		}
		if granted, err := s.Register(t.Context(), 30); err != nil || granted != 60*time.Second {
			t.Errorf("registered for %v, %v; Kamailio's min_expires is 60", granted, err)
		}
		if err := s.Unregister(t.Context()); err != nil {
			t.Error(err)
		}
	})

	t.Run("register from the command", func(t *testing.T) {
		out, err := invoke(t, "register", "-user", "alice", "-password", "secret", url)
		if err != nil || out != "registered sip:alice@127.0.0.1 for 10m0s\n" {
			t.Errorf("%q, %v", out, err)
		}
	})

	t.Run("refused", func(t *testing.T) {
		for _, test := range []struct {
			want string
			args []string
		}{
			{"REGISTER: 401 Unauthorized: wrong user or password", []string{"register", "-user", "alice", "-password", "guess", url}},
			{"REGISTER: 401 Unauthorized: a password is needed", []string{"register", "-user", "alice", url}},
			{"REGISTER: 403 Forbidden", []string{"register", "-user", "mallory", "-password", "secret", url}},
			{"MESSAGE: 404 Not Found", []string{"message", "-user", "alice", "-password", "secret", "-to", "sip:nobody@127.0.0.1", url, "hello"}},
			{"MESSAGE: 480 Temporarily Unavailable", []string{"message", "-user", "alice", "-password", "secret", "-to", "sip:carol@127.0.0.1", url, "hello"}},
			{"MESSAGE: 407 Proxy Authentication Required: wrong user or password", []string{"message", "-user", "alice", "-password", "guess", "-to", "sip:bob@127.0.0.1", url, "hello"}},
		} {
			if out, err := invoke(t, test.args...); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("%q: %q, %v; want %q", test.args, out, err, test.want)
			}
		}
	})

	t.Run("options", func(t *testing.T) {
		out, err := invoke(t, "options", "-user", "alice", "-password", "secret", url)
		if err != nil || !strings.HasPrefix(out, "200 from sip:127.0.0.1, which allows: INVITE, ") {
			t.Errorf("%q, %v", out, err)
		}
	})

	// bob listens; alice's MESSAGE reaches him over Kamailio, and his 200 her.
	t.Run("message", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		printed, ended := make(printer, 10), make(chan error, 1)
		go func() {
			ended <- run(ctx, []string{"listen", "-user", "bob", "-password", "secret", url}, printed, output(t))
		}()
		registered := func() bool {
			out, err := invoke(t, "options", "-user", "alice", "-password", "secret", "-to", "sip:bob@127.0.0.1", url)
			return err == nil && strings.Contains(out, "allows: OPTIONS, MESSAGE")
		}
		for deadline := time.Now().Add(patience); !registered(); {
			if time.Now().After(deadline) {
				t.Fatal("bob is not there")
			}
			time.Sleep(pause)
		}
		out, err := invoke(t, "message", "-user", "alice", "-password", "secret", "-to", "sip:bob@127.0.0.1", url, "grüße, bob")
		if err != nil || out != "delivered to sip:bob@127.0.0.1\n" {
			t.Errorf("%q, %v", out, err)
		}
		select {
		case text := <-printed:
			if text != "sip:alice@127.0.0.1: \"grüße, bob\"\n" {
				t.Errorf("bob was told %q", text)
			}
		case <-time.After(patience):
			t.Error("bob was told nothing")
		}
		leave()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if registered() {
			t.Error("bob has left, and is still registered")
		}
	})

	// Its 400 has a subprotocol in it, and so does not look like a refusal of none.
	t.Run("no subprotocol", func(t *testing.T) {
		_, resp, err := websocket.Dial(t.Context(), url, nil)
		if err == nil || resp == nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(err.Error(), "400") {
			t.Errorf("Dial: %v", err)
		}
	})

	// Its 101 has odd fields ("Sia" is a Via without its first letter), and a Connection
	// in lower case.
	t.Run("odd 101", func(t *testing.T) {
		c, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{transport.Subprotocol}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if resp.Header.Get("Connection") != "upgrade" || resp.Header.Get("Sia") == "" {
			t.Errorf("the 101 is not as odd as it was: %v", resp.Header)
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	})

	t.Run("connection lost", func(t *testing.T) {
		var a agent.Agent
		a.Account = agent.Account{User: "alice", Domain: "example.com", Password: "secret"}
		a.Dial = &websocket.DialOptions{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return &cut{conn}, err
		}}
		s, err := a.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		err = s.Message(t.Context(), sip.Uri{Scheme: "sip", User: "bob", Host: "example.com"}, "hello")
		if _, ok := errors.AsType[*agent.ConnectionError](err); !ok {
			t.Errorf("error: %v", err)
		}
	})
}
