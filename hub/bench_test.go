//go:build linux && !race

package hub_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/naive"
)

// threadTime is how much CPU time the thread has taken.
func threadTime() time.Duration {
	const clockThreadCPUTime = 3
	var t syscall.Timespec
	_, _, _ = syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPUTime, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}

// undisturbed is the first decile: what else the machine does only adds to a round.
func undisturbed(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/10])
}

// What a delivery costs, beside a loop of net.Conn.Write of the same bytes to as many
// sockets, in turns. The loop is what no broadcast can do without. The peers read
// between two rounds: waking them would be most of what is measured.
func BenchmarkHub(b *testing.B) {
	benchmarkHub(b, onGoroutines)
}

// The same, for connections that a loop serves.
func BenchmarkHubOnLoop(b *testing.B) {
	benchmarkHub(b, onLoop)
}

func benchmarkHub(b *testing.B, join func(testing.TB, *websocket.Conn)) {
	const n = 1000
	for _, size := range []int{32, 512, 4 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			// Each has sockets of its own: a loop takes the descriptor out of those that it gets.
			sockets, peers := audience(b, n)
			members, memberPeers := audience(b, n)
			var h hub.Hub
			for _, s := range members {
				c := websocket.NewConn(s, websocket.RoleServer, nil)
				join(b, c)
				defer c.CloseNow()
				h.Add(c)
			}
			payload := bytes.Repeat([]byte("a"), size)
			m := websocket.Prepare(websocket.MessageText, payload)
			framed := naive.Encode(naive.Frame{FIN: true, Opcode: 1, Payload: payload})
			bare := func() {
				for _, s := range sockets {
					if _, err := s.Write(framed); err != nil {
						b.Fatal(err)
					}
				}
			}
			discarded := make([]byte, len(framed))
			discard := func(peers []net.Conn) {
				for _, p := range peers {
					if _, err := io.ReadFull(p, discarded); err != nil {
						b.Fatal(err)
					}
				}
			}
			broadcast := func() {
				if err := h.Broadcast(m); err != nil {
					b.Fatal(err)
				}
			}
			var cpu, wall [2][]time.Duration
			i := 0
			for b.Loop() {
				for k := range 2 {
					which := (i + k) % 2
					began, beganAt := threadTime(), time.Now()
					[]func(){bare, broadcast}[which]()
					cpu[which] = append(cpu[which], threadTime()-began)
					wall[which] = append(wall[which], time.Since(beganAt))
					discard([][]net.Conn{peers, memberPeers}[which])
				}
				i++
			}
			if h.Len() != n || h.Dropped() != 0 {
				b.Errorf("%d connections are left, %d messages were dropped", h.Len(), h.Dropped())
			}
			b.ReportMetric(undisturbed(cpu[0])/n, "bare-cpu-ns/delivery")
			b.ReportMetric(undisturbed(cpu[1])/n, "hub-cpu-ns/delivery")
			b.ReportMetric(undisturbed(cpu[1])/undisturbed(cpu[0]), "cpu-ratio")
			b.ReportMetric(undisturbed(wall[1])/undisturbed(wall[0]), "wall-ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
