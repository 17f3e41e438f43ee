package steps

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Counter is package handshake with counters, as a running program.
type Counter struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// Start builds and starts it. change replaces text in its files, each text once: a fault
// planted by a test to check that it is found. root is the folder of the repository. The
// program ends with this one.
func Start(root string, change map[string]string) (*Counter, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "steps")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	replace := map[string]string{}
	files, err := filepath.Glob(filepath.Join(root, "handshake", "*.go"))
	if err != nil {
		return nil, err
	}
	planted := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for from, to := range change {
			if strings.Count(string(source), from) == 1 {
				source = []byte(strings.Replace(string(source), from, to, 1))
				planted++
			}
		}
		with, err := Instrument(file, source)
		if err != nil {
			return nil, err
		}
		replace[file] = filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(replace[file], with, 0o600); err != nil {
			return nil, err
		}
	}
	if planted != len(change) || len(replace) == 0 {
		return nil, fmt.Errorf("steps: %d of %d changes made in %d files", planted, len(change), len(replace))
	}
	added := filepath.Join(root, "handshake", "step_counters.go")
	replace[added] = filepath.Join(dir, filepath.Base(added))
	if err := os.WriteFile(replace[added], fmt.Appendf(nil, counters, "handshake"), 0o600); err != nil {
		return nil, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "counted")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-tags", "steps", "-o", program, "./fuzz/internal/steps/counted")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("steps: building: %w\n%s", err, said)
	}
	run := exec.Command(program)
	in, err := run.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := run.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := run.Start(); err != nil {
		return nil, err
	}
	return &Counter{in: in, out: bufio.NewReader(out)}, nil
}

// Works are the commands of a Counter, by the names in package counted.
var Works = []string{"extensions", "offer", "answer", "lists", "subprotocols", "head", "trickle", "origin"}

// Count returns the number of steps that a work takes with an input.
func (c *Counter) Count(work, input string) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ask := binary.BigEndian.AppendUint32(nil, uint32(len(work)))
	ask = append(ask, work...)
	ask = binary.BigEndian.AppendUint32(ask, uint32(len(input)))
	if _, err := c.in.Write(append(ask, input...)); err != nil {
		return 0, err
	}
	var answer [8]byte
	_, err := io.ReadFull(c.out, answer[:])
	return binary.BigEndian.Uint64(answer[:]), err
}
