package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed floor/mask.c floor/broadcast.c floor/handshake.c floor/handshake.h
var sourcesC embed.FS

// The C programs.
const (
	maskC      = "mask.c"
	broadcastC = "broadcast.c"
	handshakeC = "handshake.c"
)

var errNoCompiler = errors.New("there is no C compiler")

// compileC compiles a source. end removes the program. Without a compiler the program is empty,
// and nothing is compared with C.
func compileC(name, source string) (program string, end func(), err error) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", func() {}, nil
	}
	folder, err := os.MkdirTemp("", "bench-c-")
	if err != nil {
		return "", nil, err
	}
	end = func() { _ = os.RemoveAll(folder) }
	program = filepath.Join(folder, name)
	if err = os.CopyFS(folder, sourcesC); err == nil {
		var out []byte
		out, err = exec.Command(cc, "-O3", "-march=native", "-o", program, filepath.Join(folder, "floor", source)).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%s: %w\n%s", source, err, out)
		}
	}
	if err != nil {
		end()
		return "", nil, err
	}
	return program, end, nil
}
