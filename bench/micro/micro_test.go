package micro

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"
)

var least = Effort{Rounds: 1, Batch: 10 * time.Microsecond}

// Every function does what is asked of it, or its contest fails.
func TestFunctions(t *testing.T) {
	program := ""
	if cc, err := exec.LookPath("cc"); err == nil {
		program = filepath.Join(t.TempDir(), "mask")
		if out, err := exec.Command(cc, "-O2", "-march=native", "-o", program, "../floor/mask.c").CombinedOutput(); err != nil {
			t.Logf("no C here: %v\n%s", err, out)
			program = ""
		}
	}
	for name, run := range map[string]func(context.Context, Effort) ([]*Contest, error){
		"mask":       func(ctx context.Context, e Effort) ([]*Contest, error) { return Mask(ctx, e, program) },
		"validation": Validation,
		"fused":      Fused,
		"headers":    Headers,
		"messages":   Messages,
	} {
		t.Run(name, func(t *testing.T) {
			all, err := run(t.Context(), least)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				for _, f := range c.Of {
					if len(f.NS) != 1 || f.Median() <= 0 {
						t.Errorf("%s, %s: %s: %v", c.Group, c.Case, f.Name, f.NS)
					}
				}
			}
		})
	}
}

// A masker that is wrong is not measured.
func TestWrongMasker(t *testing.T) {
	if err := (masker{"none", func([]byte, int) {}}).check(8); err == nil {
		t.Error("a function that does nothing is taken for one that masks")
	}
}

func TestText(t *testing.T) {
	for _, script := range Scripts {
		for _, size := range textSizes {
			p := Text(script, size)
			if len(p) != size || !utf8.Valid(p) {
				t.Errorf("%s: %d bytes instead of %d: %q", script, len(p), size, p[:8])
			}
			for i := range p {
				p[i] ^= fusedKey & 0xFF
			}
			if !utf8.Valid(p) {
				t.Errorf("%s is not valid when masked", script)
			}
		}
	}
}

func TestRatio(t *testing.T) {
	a, b := &Contender{NS: []float64{1, 4, 9}}, &Contender{NS: []float64{2, 4, 3}}
	if r := Ratio(a, b); r != 1 {
		t.Errorf("%v instead of the median of 0.5, 1 and 3", r)
	}
	if r := Ratio(a, nil); r != 0 {
		t.Errorf("%v for nothing", r)
	}
}
