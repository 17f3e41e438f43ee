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
	if path, err = compileC(filepath.Join(here(), "../floor/epoll.c")); err != nil {
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
// that only we can access, under a name derived from the source.
func compileC(source string) (program string, err error) {
	cc, err := compiler()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("hawser-bench-%d", os.Getuid()))
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	var st unix.Stat_t
	if err := unix.Lstat(folder, &st); err != nil || int(st.Uid) != os.Getuid() || st.Mode != unix.S_IFDIR|0o700 {
		return "", errors.Join(err, fmt.Errorf("%s is not a folder that is ours alone", folder))
	}
	program = filepath.Join(folder, fmt.Sprintf("epoll-%x", sha256.Sum256(text)))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	unfinished := fmt.Sprintf("%s.%d", program, os.Getpid())
	out, err := exec.Command(cc, "-O2", "-march=native", "-Wall", "-Wextra", "-o", unfinished, source).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", cc, err, out)
	}
	return program, os.Rename(unfinished, program)
}
