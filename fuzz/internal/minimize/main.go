// Minimize keeps the inputs found by fuzzing that reach new code.
//
//	go run ./fuzz/internal/minimize [-C DIR] [-most N] [PACKAGE...]
//
// The fuzzer's own cache grows by every input that was new to it, and stays on the machine
// where it ran. Minimize tries these inputs one after the other, smallest first. It copies each
// that reaches a statement of this repository reached neither by the target's seeds and
// committed corpus nor by the inputs copied before. The copies go to testdata/fuzz beside the
// target. Nothing is removed: inputs with names of their own are there because something
// failed.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

var (
	dir  = flag.String("C", ".", "the module's directory")
	most = flag.Int("most", 600, "how many inputs of a target are looked at, the shortest")
)

func main() {
	flag.Parse()
	packages := flag.Args()
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	if err := run(*dir, packages); err != nil {
		fmt.Fprintln(os.Stderr, "minimize:", err)
		os.Exit(1)
	}
}

func run(dir string, patterns []string) error {
	scratch, err := os.MkdirTemp("", "minimize")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	cache, err := goCommand(dir, "env", "GOCACHE")
	if err != nil {
		return err
	}
	list, err := goCommand(dir, append([]string{"list", "-f", "{{.ImportPath}} {{.Dir}}"}, patterns...)...)
	if err != nil {
		return err
	}
	for line := range strings.Lines(list) {
		path, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
		p := tested{folder: folder, cache: filepath.Join(strings.TrimSpace(cache), "fuzz", filepath.FromSlash(path)), binary: filepath.Join(scratch, "test")}
		targets, err := fs.Glob(os.DirFS(p.cache), "Fuzz*")
		if err != nil || len(targets) == 0 {
			continue
		}
		if _, err := goCommand(dir, "test", "-c", "-covermode=set", "-coverpkg=github.com/hawser-ws/websocket/...", "-o", p.binary, path); err != nil {
			return err
		}
		for _, target := range targets {
			if err := p.minimize(target); err != nil {
				return fmt.Errorf("%s in %s: %w", target, path, err)
			}
		}
	}
	return nil
}

func goCommand(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

// tested is a package with its test binary.
type tested struct{ folder, cache, binary string }

func (p tested) minimize(target string) error {
	found, err := os.ReadDir(filepath.Join(p.cache, target))
	if err != nil {
		return err
	}
	size := func(e fs.DirEntry) int64 {
		info, err := e.Info()
		if err != nil {
			return 0
		}
		return info.Size()
	}
	slices.SortStableFunc(found, func(a, b fs.DirEntry) int { return int(size(a) - size(b)) })
	found = found[:min(*most, len(found))]
	corpus := filepath.Join(p.folder, "testdata", "fuzz", target)
	reached, err := p.reach("^" + target + "$")
	if err != nil {
		return err
	}
	kept := 0
	for _, e := range found {
		content, err := os.ReadFile(filepath.Join(p.cache, target, e.Name()))
		if err != nil {
			return err
		}
		place := filepath.Join(corpus, e.Name())
		if _, err := os.Stat(place); err == nil {
			continue
		}
		if err := os.MkdirAll(corpus, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(place, content, 0o644); err != nil {
			return err
		}
		now, err := p.reach("^" + target + "$/^" + e.Name() + "$")
		if err != nil {
			return fmt.Errorf("%s: %w", place, err) // it fails: keep it and fix that first
		}
		before := len(reached)
		for statement := range now {
			reached[statement] = true
		}
		if len(reached) == before {
			err = os.Remove(place)
		} else {
			kept++
		}
		if err != nil {
			return err
		}
	}
	_ = os.Remove(corpus) // if it is empty
	fmt.Printf("%s: %d of %d inputs kept, %d statements reached\n", target, kept, len(found), len(reached))
	return nil
}

// reach runs the tests that the pattern selects and returns the statements they reached.
func (p tested) reach(pattern string) (map[string]bool, error) {
	profile := p.binary + ".profile"
	cmd := exec.Command(p.binary, "-test.run", pattern, "-test.coverprofile", profile)
	cmd.Dir = p.folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, errors.Join(err, errors.New(string(out)))
	}
	lines, err := os.ReadFile(profile)
	if err != nil {
		return nil, err
	}
	reached := make(map[string]bool)
	for line := range bytes.Lines(lines) {
		if block, ok := bytes.CutSuffix(bytes.TrimSpace(line), []byte(" 1")); ok {
			reached[string(block)] = true
		}
	}
	return reached, nil
}
