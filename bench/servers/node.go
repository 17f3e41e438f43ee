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

// A Program is a library whose server is not in this program.
type Program interface {
	Library
	// Command is the server's path and arguments, the path being the first of
	// them. It does what serve does: it prints its address, and ends when its
	// standard input does.
	Command(s Settings) (path string, args []string, err error)
	// Version is the library's.
	Version() string
}

// nodeLib is ws from npm. It compresses with zlib, on threads of its own.
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

// here is this folder. The script finds npm's packages from its own place.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}
