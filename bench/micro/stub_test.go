package micro

import (
	"fmt"
	"testing"

	"github.com/hawser-ws/websocket/bench/traffic"
)

// Every library echoes what the stub sends, byte by byte, however it is served.
func TestEchoes(t *testing.T) {
	for _, e := range Echoes() {
		for _, size := range []int{125, 126, 64 << 10} {
			for _, single := range []bool{false, true} {
				t.Run(fmt.Sprint(e.Name, " ", size, " ", single), func(t *testing.T) {
					s := NewStub(traffic.Records(5, size), single)
					run, end, err := e.Open(s)
					if err != nil {
						t.Fatal(err)
					}
					defer end()
					s.Rest()
					for range 3 {
						if err := s.Check(run); err != nil {
							t.Fatal(err)
						}
					}
					if err := run(7); err != nil {
						t.Fatal(err)
					}
					if want := int64(22 * s.Average()); s.Bytes != want {
						t.Errorf("%d bytes were written for 22 messages, not %d", s.Bytes, want)
					}
				})
			}
		}
	}
}
