package servers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// epollFloor is a single-threaded C program: the limit of the machine.
type epollFloor struct{}

func (epollFloor) Module() string { return "" }

func (epollFloor) Echo(net.Listener, Settings) error { return errors.ErrUnsupported }

func (epollFloor) Command(Settings) (path string, args []string, err error) {
	return command("epoll.c")
}

// idleFloor is another, with as little memory for a connection as can be.
type idleFloor struct{ epollFloor }

func (idleFloor) Command(Settings) (path string, args []string, err error) {
	return command("idle.c", "handshake.h")
}

// command compiles a source of the folder floor, with the headers that it includes.
func command(source string, headers ...string) (path string, args []string, err error) {
	if path, err = compileC(source, headers...); err != nil {
		return "", nil, err
	}
	return path, []string{path}, nil
}

func (epollFloor) Version() string {
	cc, err := compiler()
	if err != nil {
		return err.Error()
	}
	out, err := exec.Command(cc, "--version").Output()
	if err != nil {
		return cc
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}

func compiler() (string, error) {
	for _, name := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no C compiler")
}

// compileC compiles a source, once for all processes. The program is kept in a temporary folder
// that only we can access, under a name derived from the source and its headers.
func compileC(source string, headers ...string) (program string, err error) {
	cc, err := compiler()
	if err != nil {
		return "", err
	}
	floor := filepath.Join(here(), "../floor")
	hash := sha256.New()
	for _, name := range append([]string{source}, headers...) {
		text, err := os.ReadFile(filepath.Join(floor, name))
		if err != nil {
			return "", err
		}
		hash.Write(text)
	}
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("hawser-bench-%d", os.Getuid()))
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	var st unix.Stat_t
	if err := unix.Lstat(folder, &st); err != nil || int(st.Uid) != os.Getuid() || st.Mode != unix.S_IFDIR|0o700 {
		return "", errors.Join(err, fmt.Errorf("%s is not a folder that is ours alone", folder))
	}
	program = filepath.Join(folder, fmt.Sprintf("%s-%x", strings.TrimSuffix(source, ".c"), hash.Sum(nil)))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	unfinished := fmt.Sprintf("%s.%d", program, os.Getpid())
	out, err := exec.Command(cc, "-O2", "-march=native", "-Wall", "-Wextra", "-o", unfinished, filepath.Join(floor, source)).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", cc, err, out)
	}
	return program, os.Rename(unfinished, program)
}
