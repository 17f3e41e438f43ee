package servers

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// A Program is a library whose server is a separate program.
type Program interface {
	Library
	// Command returns the server's path and arguments; the path is also the first argument. The
	// program behaves like serve: it prints its address, and ends when its standard input does.
	Command(s Settings) (path string, args []string, err error)
	// Version returns the version of the library.
	Version() string
}

// nodeLib is ws from npm. It compresses with zlib, on its own threads.
type nodeLib struct{}

func (nodeLib) Module() string { return "ws" }

func (nodeLib) Echo(net.Listener, Settings) error { return errors.ErrUnsupported }

func (nodeLib) Command(s Settings) (path string, args []string, err error) {
	if path, err = exec.LookPath("node"); err != nil {
		return "", nil, err
	}
	return path, []string{path, filepath.Join(here(), "ws.mjs"), string(s.Mode), strconv.Itoa(s.Bits), strconv.Itoa(s.Level)}, nil
}

func (nodeLib) Version() string {
	var manifest struct{ Version string }
	b, err := os.ReadFile(filepath.Join(here(), "../node_modules/ws/package.json"))
	if err != nil || json.Unmarshal(b, &manifest) != nil {
		return "?"
	}
	return manifest.Version
}

// here returns this folder. The script finds npm's packages relative to itself.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}
