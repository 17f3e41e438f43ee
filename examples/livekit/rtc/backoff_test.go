package rtc

import (
	"testing"
	"time"
)

// It doubles up to the last wait, half of it at random, however many attempts there are.
func TestBackoff(t *testing.T) {
	for failed := 1; failed <= 200; failed++ {
		full := lastWait
		if failed <= 4 {
			full = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}[failed-1]
		} else if failed == 5 {
			full = 8 * time.Second
		}
		if got := backoff(failed); got < full/2 || got >= full {
			t.Errorf("after %d attempts it waits %v, want half to all of %v", failed, got, full)
		}
	}
}
