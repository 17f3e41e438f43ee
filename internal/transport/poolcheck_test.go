//go:build poolcheck

package transport

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// TestMain looks whether all tests together gave back what they borrowed.
func TestMain(m *testing.M) {
	code := m.Run()
	for n := 0; n < 1e6 && out() > 0; n++ {
		runtime.Gosched() // a write that was left to itself gives back when it ends
	}
	if out() > 0 || len(poolcheck.Faults()) > 0 {
		fmt.Printf("borrowed and not given back, or given back twice: %+v\n%q\n", poolcheck.All(), poolcheck.Faults())
		code = 1
	}
	os.Exit(code)
}

func out() (n int) {
	for _, l := range poolcheck.All() {
		n += l.Out
	}
	return n
}
