package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed floor/mask.c
var maskC string

// compileC makes a program of a source in C. end removes it. Without a compiler the
// program is empty, and nothing is compared with C.
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
	program, file := filepath.Join(folder, name), filepath.Join(folder, name+".c")
	if err = os.WriteFile(file, []byte(source), 0o600); err == nil {
		var out []byte
		if out, err = exec.Command(cc, "-O3", "-march=native", "-o", program, file).CombinedOutput(); err != nil {
			err = fmt.Errorf("%s.c: %w\n%s", name, err, out)
		}
	}
	if err != nil {
		end()
		return "", nil, err
	}
	return program, end, nil
}
