package crowd

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Latencies says how many answers took how many µs, rounded to three digits.
type Latencies map[int]int

func (l Latencies) add(d time.Duration) {
	us := int(d.Microseconds())
	for unit := 1; ; unit *= 10 {
		if us < 1000*unit {
			l[us/unit*unit]++
			return
		}
	}
}

// Merge adds those of another crowd.
func (l Latencies) Merge(other Latencies) {
	for us, n := range other {
		l[us] += n
	}
}

// Len is the number of answers.
func (l Latencies) Len() (n int) {
	for _, more := range l {
		n += more
	}
	return n
}

// Quantile returns the time that a share of the answers did not take longer than.
func (l Latencies) Quantile(share float64) time.Duration {
	left := int(math.Ceil(share * float64(l.Len())))
	for _, us := range slices.Sorted(maps.Keys(l)) {
		if left -= l[us]; left <= 0 {
			return time.Duration(us) * time.Microsecond
		}
	}
	return 0
}
