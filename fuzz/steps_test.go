package fuzz_test

import (
	"sync"
	"testing"

	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/fuzz/internal/steps"
)

// counter is built once. Every process of a fuzzing run has its own.
var counter = sync.OnceValues(func() (*steps.Counter, error) { return steps.Start("..", nil) })

// FuzzSteps: when an input is doubled, work at most doubles, counted in steps of an
// instrumented package handshake. Time would depend on the machine.
func FuzzSteps(f *testing.F) {
	seeds.Need(f, steps.Rows, 30)
	for i, row := range steps.Rows {
		for work := range steps.Works {
			if i%2 == work%2 {
				continue
			}
			f.Add(uint8(work), row.Prefix, row.Unit, row.Suffix)
		}
	}
	for i, e := range seeds.Extensions() {
		f.Add(uint8(i%5), "a", e, "")
	}
	f.Fuzz(func(t *testing.T, work uint8, prefix, unit, suffix string) {
		if len(prefix)+len(unit)+len(suffix) > 2<<10 || unit == "" {
			return
		}
		c, err := counter()
		if err != nil {
			t.Fatal(err)
		}
		name, row := steps.Works[int(work)%len(steps.Works)], steps.Row{Prefix: prefix, Unit: unit, Suffix: suffix}
		once, twice, linear, err := c.Growth(name, row, row.Units())
		if err != nil || !linear {
			t.Fatalf("%s of %+q: %d steps for %d units, %d for twice as many; %v", name, row, once, row.Units(), twice, err)
		}
	})
}
