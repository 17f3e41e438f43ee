package livekit

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// Programs that TestMain has built. The two servers are the same release of LiveKit, as its
// authors publish it. The second one is built with a replace line, and so it speaks
// WebSocket by compat/gorilla.
var gorillaServer, hawserServer, livekitExample, wsTool string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "livekit")
	if err == nil {
		err = build(dir)
	}
	code := 1
	if err == nil {
		if code = m.Run(); code == 0 {
			err = goleak.Find()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) error {
	livekitExample, wsTool = filepath.Join(dir, "livekit"), filepath.Join(dir, "ws")
	if _, err := gobuild("off", "-C", "../../examples", "build", "-o", livekitExample, "./livekit"); err != nil {
		return err
	}
	// The tool finds the library by go.work: its go.mod may have no replace directive.
	if _, err := gobuild("", "-C", "../../cmd/ws", "build", "-o", wsTool, "."); err != nil {
		return err
	}
	var err error
	if gorillaServer, err = tool(); err != nil {
		return err
	}
	modfile, err := switched(dir)
	if err != nil {
		return err
	}
	hawserServer, err = tool("-modfile=" + modfile)
	return err
}

// tool builds the server and returns its path. It stays in the build cache, linked: it is a
// tool of the module in server.
func tool(flags ...string) (string, error) {
	path, err := gobuild("off", slices.Concat([]string{"-C", "server", "tool"}, flags, []string{"-n", "server"})...)
	return strings.TrimSpace(path), err
}

// switched writes the server's go.mod with the replace lines of compat/README.md in it, and the
// go.sum of both.
func switched(dir string) (string, error) {
	modfile := filepath.Join(dir, "hawser.mod")
	for file, parts := range map[string][]string{
		modfile:                          {"server/go.mod"},
		filepath.Join(dir, "hawser.sum"): {"server/go.sum", "../../compat/gorilla/go.sum"},
	} {
		var text bytes.Buffer
		for _, part := range parts {
			b, err := os.ReadFile(part)
			if err != nil {
				return "", err
			}
			text.Write(b)
		}
		if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
			return "", err
		}
	}
	// The paths count from the folder server, wherever the file is.
	if _, err := gobuild("off", "mod", "edit",
		"-replace=github.com/gorilla/websocket=../../../compat/gorilla",
		"-replace=github.com/hawser-ws/websocket=../../..", modfile); err != nil {
		return "", err
	}
	// It takes the versions that the drop-in needs into the file.
	_, err := gobuild("off", "-C", "server", "list", "-mod=mod", "-modfile="+modfile, "tool")
	return modfile, err
}

// gobuild runs go -C DIR COMMAND…. workspace is the value of GOWORK.
func gobuild(workspace string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOWORK="+workspace)
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &messages)
	}
	return string(out), nil
}

// onBoth runs a test with each of the two servers.
func onBoth(t *testing.T, test func(t *testing.T, program string)) {
	t.Helper()
	t.Run("gorilla", func(t *testing.T) { test(t, gorillaServer) })
	t.Run("hawser", func(t *testing.T) { test(t, hawserServer) })
}

// The two servers differ in the library: "go version -m" prints what this reads.
func TestBuiltWith(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		if m := info.Main; m.Path != "github.com/livekit/livekit-server" || m.Version != "v1.13.5" || m.Replace != nil {
			t.Errorf("the program is %+v, want LiveKit v1.13.5 as it is published", m)
		}
		modules := map[string]*debug.Module{}
		for _, m := range info.Deps {
			modules[m.Path] = m
		}
		gorilla, hawser := modules["github.com/gorilla/websocket"], modules["github.com/hawser-ws/websocket"]
		if gorilla == nil {
			t.Fatal("it has no github.com/gorilla/websocket")
		}
		if program == gorillaServer {
			if gorilla.Replace != nil || hawser != nil {
				t.Errorf("the genuine server has %+v in the place of gorilla; and Hawser: %+v", gorilla.Replace, hawser)
			}
			return
		}
		if gorilla.Replace == nil || gorilla.Replace.Path != "../../../compat/gorilla" {
			t.Errorf("gorilla is replaced by %+v, want ../../../compat/gorilla", gorilla.Replace)
		}
		if hawser == nil || hawser.Replace == nil || hawser.Replace.Path != "../../.." {
			t.Errorf("Hawser is %+v, want that of this clone", hawser)
		}
	})
}
