package bus

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// atMost is how long a test waits for what comes in milliseconds.
const atMost = 30 * time.Second

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

// natsServer starts a NATS server as an operator would have one.
func natsServer(t *testing.T, port int, user, password string) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, Username: user, Password: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(atMost) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

// place is a place on a bus, with what comes to it.
type place struct {
	Bus
	heard chan string
}

func take(t *testing.T, b Bus, err error) *place {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	p := &place{b, make(chan string, 2000)}
	for _, topic := range []Topic{Rooms, Watch} {
		b.Handle(topic, func(from string, body []byte) { p.heard <- fmt.Sprintf("%s %s %s", topic, from, body) })
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return p
}

func (p *place) want(t *testing.T, why string, topic Topic, from *place, body string) {
	t.Helper()
	select {
	case got := <-p.heard:
		if want := fmt.Sprintf("%s %s %s", topic, from.ID(), body); got != want {
			t.Fatalf("%s: heard %q; want %q", why, got, want)
		}
	case <-time.After(atMost):
		t.Fatalf("%s: nothing is heard", why)
	}
}

// meet waits until each hears the other.
func meet(t *testing.T, a, b *place) {
	t.Helper()
	for _, pair := range [][2]*place{{a, b}, {b, a}} {
		for end := time.Now().Add(atMost); ; {
			pair[0].Send(pair[1].ID(), Watch, []byte("are you there?"))
			select {
			case <-pair[1].heard:
			case <-time.After(20 * time.Millisecond):
				if time.Now().After(end) {
					t.Fatal("they do not meet")
				}
				continue
			}
			break
		}
	}
	// What was said more than once has arrived when an answer to something later has.
	for _, pair := range [][2]*place{{a, b}, {b, a}} {
		pair[0].Send(pair[1].ID(), Watch, []byte("that is all"))
		for text := range pair[1].heard {
			if strings.HasSuffix(text, "that is all") {
				break
			}
		}
	}
}

// What every bus does.
func TestBus(t *testing.T) {
	for _, kind := range []struct {
		name string
		join func(t *testing.T) (a, b, c *place)
	}{
		{"in a process", func(t *testing.T) (a, b, c *place) {
			var x Exchange
			return take(t, x.Join(), nil), take(t, x.Join(), nil), take(t, x.Join(), nil)
		}},
		{"by a NATS server", func(t *testing.T) (a, b, c *place) {
			s := natsServer(t, server.RANDOM_PORT, "hawser", "pass")
			var places [3]*place
			for i := range places {
				bus, err := DialNATS(strings.Replace(s.ClientURL(), "//", "//hawser:pass@", 1), "test", silent)
				places[i] = take(t, bus, err)
			}
			return places[0], places[1], places[2]
		}},
		{"by NATS servers of our own", func(t *testing.T) (a, b, c *place) {
			var places [3]*place
			var routes []string
			for i := range places {
				bus, err := ListenNATS("hawser:pass@127.0.0.1:0", routes, "test", silent)
				places[i] = take(t, bus, err)
				routes = []string{bus.ClusterAddr()} // one that is up is enough
			}
			return places[0], places[1], places[2]
		}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			a, b, c := kind.join(t)
			meet(t, a, b)
			meet(t, b, c)
			meet(t, a, c)

			a.Broadcast(Rooms, []byte("to all"))
			b.want(t, "to all", Rooms, a, "to all")
			c.want(t, "to all", Rooms, a, "to all")
			a.Send(b.ID(), Watch, []byte("to one"))
			b.want(t, "to one", Watch, a, "to one")

			// In order, whether to all or to one, and the memory is the caller's again.
			body := make([]byte, 0, 8)
			for i := range 500 {
				body = fmt.Append(body[:0], i)
				if i%2 == 0 {
					a.Broadcast(Rooms, body)
				} else {
					a.Send(b.ID(), Rooms, body)
				}
			}
			for i := range 500 {
				b.want(t, "in order", Rooms, a, fmt.Sprint(i))
			}
			for i := 0; i < 500; i += 2 {
				c.want(t, "in order", Rooms, a, fmt.Sprint(i))
			}

			// Goodbye arrives.
			a.Broadcast(Rooms, []byte("bye"))
			a.Close()
			b.want(t, "the last word", Rooms, a, "bye")
			c.want(t, "the last word", Rooms, a, "bye")
			a.Broadcast(Rooms, []byte("too late"))
			c.Broadcast(Rooms, []byte("end"))
			b.want(t, "who has left says nothing", Rooms, c, "end")
			if n := len(a.heard); n != 0 {
				t.Errorf("a has heard %d things that were not for it", n)
			}
		})
	}
}

// A NATS server may come late, and go and come back: nobody waits for it.
func TestNATSComesAndGoes(t *testing.T) {
	s := natsServer(t, server.RANDOM_PORT, "", "")
	url, port := s.ClientURL(), s.Addr().String()
	port = port[strings.LastIndex(port, ":")+1:]
	s.Shutdown()
	s.WaitForShutdown()

	var places [2]*place
	for i := range places {
		b, err := DialNATS(url, "test", silent)
		places[i] = take(t, b, err)
	}
	a, b := places[0], places[1]
	for range 2 * queueLength { // more than can wait
		a.Broadcast(Rooms, []byte("lost"))
	}
	var number int
	if _, err := fmt.Sscan(port, &number); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = natsServer(t, number, "", "")
		meet(t, a, b)
		s.Shutdown()
		s.WaitForShutdown()
		a.Broadcast(Rooms, []byte("lost"))
	}
}

func TestClusterAddresses(t *testing.T) {
	o, err := clusterOptions("nats://u:p@10.0.0.1:6222", []string{"10.0.0.2:6222", " nats://x:y@[::1]:6333"})
	if err != nil {
		t.Fatal(err)
	}
	if o.Cluster.Host != "10.0.0.1" || o.Cluster.Port != 6222 || o.Cluster.Username != "u" || o.Cluster.Password != "p" {
		t.Errorf("%+v", o.Cluster)
	}
	if got := fmt.Sprint(o.Routes); got != "[nats://u:p@10.0.0.2:6222 nats://x:y@[::1]:6333]" {
		t.Errorf("routes %s", got)
	}
	for _, bad := range []string{"", "host", "u:secret@host", "u:secret@host:port", "host:1/path"} {
		if _, err := clusterOptions(bad, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}

	// A port that is taken, and a cluster that does not know us.
	first, err := ListenNATS("u:p@127.0.0.1:0", nil, "first", silent)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if second, err := ListenNATS("u:p@"+first.ClusterAddr(), nil, "second", silent); err == nil {
		second.Close()
		t.Error("two servers at one address")
	}
}
