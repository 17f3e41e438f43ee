package million

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
)

// broadcastText is what the servers send to all.
var broadcastText = []byte(strings.Repeat("to all. ", 4))

// What is asked of a server, one question a line; it answers each with a line of JSON.
const (
	askCollect   = "collect"
	askMembers   = "members"   // makes a hub of all connections
	askBroadcast = "broadcast" // answers when it is offered to all
	askShutdown  = "shutdown"  // answers when all have ended
)

// serverAnswer is the answer to each of the questions.
type serverAnswer struct {
	Connections int
	Closed      int
	Elapsed     time.Duration
	Error       string `json:",omitempty"`
}

// server is a Loop that echoes.
type server struct {
	loop   websocket.Loop
	closed atomic.Int64
	all    hub.Hub

	mu    sync.Mutex
	conns []*websocket.Conn
}

// Serve is a server's process. It prints its address, and ends when its input does.
func Serve(connections int) error {
	s := &server{conns: make([]*websocket.Conn, 0, connections)}
	s.loop.Open = func(_ context.Context, c *websocket.Conn) (websocket.Receiver, error) {
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		return websocket.ReceiverFunc(receive), nil
	}
	s.loop.Closed = func(*websocket.Conn, websocket.Receiver, error) { s.closed.Add(1) }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() { _ = s.loop.Serve(l) }()
	return answerLines(s.answer)
}

func receive(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
	return c.Write(ctx, m.Type, m.Data)
}

func (s *server) answer(question string) any {
	start := time.Now()
	var err error
	switch question {
	case askCollect:
		debug.FreeOSMemory() // twice, because a pool releases its memory in two steps
		debug.FreeOSMemory()
	case askMembers:
		for _, c := range s.opened() {
			s.all.Add(c)
		}
	case askBroadcast:
		err = s.all.Broadcast(websocket.Prepare(websocket.MessageText, broadcastText))
	case askShutdown:
		err = s.loop.Shutdown(context.Background()) // whoever asks gives up in time
	default:
		err = fmt.Errorf("nobody understands %q", question)
	}
	a := serverAnswer{Connections: len(s.opened()), Closed: int(s.closed.Load()), Elapsed: time.Since(start)}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func (s *server) opened() []*websocket.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// answerLines answers each line of the input. The process ends with its input, whatever it
// does at that time.
func answerLines(answer func(question string) any) error {
	questions := make(chan string)
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			questions <- lines.Text()
		}
		os.Exit(0)
	}()
	out := json.NewEncoder(os.Stdout)
	for q := range questions {
		if err := out.Encode(answer(q)); err != nil {
			return err
		}
	}
	return nil
}
