package micro

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A Contest is a set of functions that do the same, measured in turns.
type Contest struct {
	Group string // such as "mask"
	Case  string // such as "1 KiB"
	Bytes int    `json:"Octets"` // that one call deals with
	Of    []*Contender
}

// A Contender is one of the functions, with its figures.
type Contender struct {
	Name  string
	Notes map[string]string `json:",omitempty"` // one column each

	NS     []float64 // CPU time of a call, round by round
	Allocs float64   // for each call, in the last round
	Bytes  float64

	// Batch calls the function n times. It returns the CPU time if it knows it better than this
	// process.
	Batch func(n int) (time.Duration, error) `json:"-"`
	n     int
}

// Calls makes a Batch of a function that calls n times.
func Calls(run func(n int) error) func(int) (time.Duration, error) {
	return func(n int) (time.Duration, error) {
		before := cpu()
		err := run(n)
		return cpu() - before, err
	}
}

// cpu returns the CPU time of this process. Unlike a clock, it excludes other programs on the
// core.
func cpu() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}

// Effort is how long to measure.
type Effort struct {
	Rounds int
	Batch  time.Duration // a function's time in a round
}

// Run makes the contenders take turns: A B C, then B C A.
func (c *Contest) Run(ctx context.Context, e Effort) error {
	for _, f := range c.Of {
		if err := f.calibrate(e.Batch); err != nil {
			return fmt.Errorf("%s, %s: %s: %w", c.Group, c.Case, f.Name, err)
		}
	}
	for round := range e.Rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range c.Of {
			f := c.Of[(i+round)%len(c.Of)]
			if err := f.round(round == e.Rounds-1); err != nil {
				return fmt.Errorf("%s, %s: %s: %w", c.Group, c.Case, f.Name, err)
			}
		}
	}
	return nil
}

// calibrate finds how many calls fill the time of a batch. It also warms up.
func (f *Contender) calibrate(batch time.Duration) error {
	for f.n = 1; ; {
		d, err := f.Batch(f.n)
		if err != nil {
			return err
		}
		if d >= batch/8 {
			f.n = max(1, int(float64(f.n)*float64(batch)/float64(d)))
			return nil
		}
		f.n *= 2
	}
}

// round is one turn. Garbage collection happens when it is due, so its cost mostly falls on the
// function that made the garbage.
func (f *Contender) round(count bool) error {
	var before, after runtime.MemStats
	if count {
		runtime.ReadMemStats(&before)
	}
	d, err := f.Batch(f.n)
	if err != nil {
		return err
	}
	if count {
		runtime.ReadMemStats(&after)
		f.Allocs = round2(float64(after.Mallocs-before.Mallocs) / float64(f.n))
		f.Bytes = round2(float64(after.TotalAlloc-before.TotalAlloc) / float64(f.n))
	}
	f.NS = append(f.NS, float64(d.Nanoseconds())/float64(f.n))
	return nil
}

// round2 rounds away the allocations of the measurement itself.
func round2(v float64) float64 { return float64(int(v*100+0.5)) / 100 }

// Get returns a contender by name, or nil.
func (c *Contest) Get(name string) *Contender {
	for _, f := range c.Of {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Median returns the median of a contender's rounds.
func (f *Contender) Median() float64 { return median(f.NS) }

// Least returns the best round.
func (f *Contender) Least() float64 {
	if len(f.NS) == 0 {
		return 0
	}
	return slices.Min(f.NS)
}

// Ratio returns the median, over the rounds, of the time of one call divided by that of the
// other. It is zero if there is nothing to divide.
func Ratio(ours, theirs *Contender) float64 {
	if ours == nil || theirs == nil {
		return 0
	}
	return MedianRatio(ours.NS, theirs.NS)
}

// MedianRatio is the median of the rounds' ratios, zero if there are none.
func MedianRatio(ours, theirs []float64) float64 {
	var ratios []float64
	for i := range min(len(ours), len(theirs)) {
		ratios = append(ratios, ours[i]/theirs[i])
	}
	return median(ratios)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
