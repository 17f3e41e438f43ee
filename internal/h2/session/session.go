package session

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Config is what a Session needs to know.
type Config struct {
	Role h2.Role
	// HTTP2 has the limits of the connection.
	HTTP2 h2.Config
	// Handle is called for each request that comes to a server, on the goroutine of Run, which
	// it must not hold up. It sees to it that the stream is answered and closed, and that
	// [Stream.Served] is called.
	Handle func(*Stream, *h2.Head)
	// MaxOpen is how many streams a client may have at a time, if the server allows as many.
	// Zero: as many as the server allows.
	MaxOpen int
	// WriteTimeout is how long the peer may take nothing of what is written. Default: 1 min.
	WriteTimeout time.Duration
	// IdleTimeout is how long the session may be without streams. Before the first one it may take
	// ten seconds at least. Zero: for ever.
	IdleTimeout time.Duration
}

const defaultWriteTimeout = time.Minute

// Session is one HTTP/2 connection. Its methods may be called from any goroutine.
type Session struct {
	cfg    Config
	t      transport.Transport
	socket transport.Socket // what t mostly is
	tries  bool             // t can tell whether it would wait
	local  net.Addr
	remote string
	ended  chan struct{} // closed when Run returns
	write  func()        // writeAll, bound once: each binding would allocate

	mu      sync.Mutex
	ep      h2.Endpoint
	phase   phase
	writer  writer
	err     *LostError  // set at over
	cut     error       // the write that has failed; nil: none has
	late    *time.Timer // set at over: closes t
	heard   *GoAway     // of the peer; nil: none has come
	silence silence
	changed sync.Cond // settings or an answer came, a phase or the writing ended
	clock   clock
	lent    *[]byte // what the endpoint has as its buffer; nil: nothing lent

	// Of the reader.
	in       transport.Buffer
	news     []*Stream // have something to read, and were not told yet
	requests []request // Handle was not called yet
}

// request is what Handle is called with.
type request struct {
	stream *Stream
	head   *h2.Head
}

// phase is where the session stands: see the package documentation.
type phase uint8

const (
	open phase = iota
	warned
	leaving
	over
)

// New makes a session of nc, which belongs to it from now on. Nothing happens before Run.
func New(nc net.Conn, cfg Config) *Session {
	if cfg.WriteTimeout == 0 {
		cfg.WriteTimeout = defaultWriteTimeout
	}
	s := &Session{cfg: cfg, ended: make(chan struct{}), local: nc.LocalAddr()}
	if addr := nc.RemoteAddr(); addr != nil {
		s.remote = addr.String()
	}
	s.changed.L = &s.mu
	s.write = s.writeAll
	s.t = transport.New(nc, &s.socket)
	s.tries = s.t.Traits().Has(transport.TriesWrites)
	now := time.Now()
	s.ep.Init(cfg.Role, cfg.HTTP2, now)
	// Whoever has made the session is about to open a stream, and waits for the settings.
	s.clock.idleSince = now.Add(max(0, h2.DefaultSettingsTimeout-cfg.IdleTimeout))
	return s
}

// Run reads until the session is over, and returns when its goroutines have ended and nc is
// closed. It returns nil if the session ended in order: by Close or Shutdown, or when this end had
// ended all streams by the peer or whoever closed nc. Any other error is a [*LostError].
func (s *Session) Run() error {
	defer close(s.ended)
	if poolcheck.Enabled {
		defer s.enlist()()
	}
	s.mu.Lock()
	s.watch(time.Now())
	s.leave()
	for {
		if _, err := s.t.Fill(&s.in); err != nil {
			return s.finish(err)
		}
		s.receive()
	}
}

// Done is closed when Run has returned.
func (s *Session) Done() <-chan struct{} { return s.ended }

// receive takes in what one read has brought.
func (s *Session) receive() {
	p := s.in.Bytes()
	now := time.Now()
	s.mu.Lock()
	s.silence.broken(now)
	s.lend()
	s.cork()
	for s.phase != over { // nobody is told what comes after that
		ev, n, err := s.ep.Receive(p, now)
		p = p[n:]
		if err != nil {
			s.end(err)
			break
		}
		if ev.Kind == h2.Nothing {
			break
		}
		s.happens(&ev)
	}
	if s.backlog() > maxBacklog {
		s.end(errBacklog)
	}
	s.watch(now)
	s.mu.Unlock()
	s.in.Consume(s.in.Buffered())
	s.in.Release()

	for i, x := range s.news {
		x.changed.Broadcast()
		s.news[i] = nil
	}
	s.news = s.news[:0]
	for i, r := range s.requests {
		s.cfg.Handle(r.stream, r.head)
		s.requests[i] = request{}
	}
	s.requests = s.requests[:0]

	s.mu.Lock()
	s.uncork()
	s.leave()
}

// happens is what an event does. Under mu.
func (s *Session) happens(ev *h2.Event) {
	var x *Stream
	if ev.Stream != nil {
		x, _ = ev.Stream.Owner.(*Stream)
	}
	switch ev.Kind {
	case h2.Requested:
		x = s.newStream()
		x.st, x.users = ev.Stream, 2
		ev.Stream.Owner = x
		x.answered(ev.Head)
		s.requests = append(s.requests, request{x, ev.Head})
	case h2.Answered:
		x.head = ev.Head
		x.answered(ev.Head)
		s.changed.Broadcast()
	case h2.Received:
		x.in.append(ev.Data)
		if n := len(s.news); n == 0 || s.news[n-1] != x {
			s.news = append(s.news, x)
		}
	case h2.Ended:
		x.endReading(io.EOF)
	case h2.ResetByPeer:
		x.fail(&ResetError{Code: ev.Code, RetrySafe: ev.RetrySafe()})
	case h2.NotProcessed:
		x.fail(&ResetError{Code: ev.Code, RetrySafe: true, GoingAway: true})
	case h2.Failed:
		x.fail(ev.Err)
	case h2.Settled:
		s.changed.Broadcast()
	case h2.Pong:
		if s.phase == warned {
			s.stopTaking()
		}
	case h2.GoingAway:
		s.heard = &GoAway{ev.Code, string(ev.Data)}
		if s.cfg.Role == h2.Client && s.phase == open {
			s.phase = leaving
			s.drained()
		}
	}
}
