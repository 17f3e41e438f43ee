package autobahn

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Own judges this module's own server or client, in this process, over loopback. It must be
// used only once.
type Own struct {
	Role     Role // which of the two
	Cases    []*Case
	Parallel int           // as FuzzingClient.Parallel, for both roles
	Timeout  time.Duration // as FuzzingClient.Timeout
	// HTTP2: over streams of HTTP/2 (RFC 8441), by the cases of SelectHTTP2. The server is
	// websocket.ServeHTTP2, and the client Dial with an HTTP2Pool.
	HTTP2 bool
	// NetHTTP: with HTTP2, the server is Handler behind net/http. The program has to import
	// package xconnect.
	NetHTTP bool
	// Loop: the server is a websocket.Loop. Not with HTTP2.
	Loop bool
	// Progress, if not nil, is called with each result, by one goroutine at a time.
	Progress func(*Result)
}

// ownName is the name of our own server and client in reports.
const ownName = "hawser"

// name is that of what is judged.
func (o *Own) name() string {
	switch {
	case o.HTTP2 && o.NetHTTP:
		return ownName + " on net/http"
	case o.Loop:
		return ownName + " on a loop"
	}
	return ownName
}

// Run plays the cases.
func (o *Own) Run(ctx context.Context) (*Agent, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if o.Role == Client {
		return o.runClient(ctx, l)
	}
	return o.runServer(ctx, l)
}

func (o *Own) runServer(ctx context.Context, l net.Listener) (*Agent, error) {
	opts := &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover}
	switch {
	case o.HTTP2 && !o.NetHTTP:
		defer serveOwnHTTP2(l, opts)()
	case o.Loop:
		defer serveOwnLoop(l, opts)()
	default:
		server := &http.Server{Handler: EchoHandler(opts), ReadHeaderTimeout: cmp.Or(o.Timeout, Timeout)}
		if o.HTTP2 {
			server.Protocols = new(http.Protocols)
			server.Protocols.SetUnencryptedHTTP2(true)
		}
		go server.Serve(l)
		defer server.Close()
	}
	suite := &FuzzingClient{
		URL:      "ws://" + l.Addr().String(),
		Agent:    o.name(),
		Cases:    o.Cases,
		HTTP2:    o.HTTP2,
		Parallel: o.Parallel,
		Timeout:  o.Timeout,
		Progress: o.Progress,
	}
	return suite.Run(ctx)
}

func (o *Own) runClient(ctx context.Context, l net.Listener) (*Agent, error) {
	suite := &FuzzingServer{Cases: o.Cases, Timeout: o.Timeout, HTTP2: o.HTTP2, Progress: func(r *Result) {
		if o.Progress != nil && !verdict.InDoubt(r) {
			o.Progress(r)
		}
	}}
	serving, stop := context.WithCancel(ctx)
	over := make(chan error, 1)
	go func() { over <- suite.Serve(serving, l) }()
	begun := time.Now()
	testee := &Testee{
		URL:   "ws://" + l.Addr().String(),
		Agent: ownName,
		Dial:  &websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover},
	}
	if o.HTTP2 {
		pool := &websocket.HTTP2Pool{PriorKnowledge: true, Require: true}
		defer pool.Close()
		testee.Dial.HTTP2 = pool
	}
	parallel := cmp.Or(o.Parallel, defaultParallel)
	social, alone := byCompany(o.Cases)
	light, heavy := byWeight(social)
	testee.Parallel = parallel
	err := testee.Play(ctx, indexes(o.Cases, light))
	if err == nil {
		testee.Parallel = min(parallel, runtime.GOMAXPROCS(0))
		err = testee.Play(ctx, indexes(o.Cases, heavy))
	}
	if err == nil {
		testee.Parallel = 1
		err = testee.Play(ctx, indexes(o.Cases, alone))
	}
	if err == nil {
		err = o.playAlone(ctx, suite, testee)
	}
	if err == nil {
		err = testee.Finish(ctx)
	}
	stop()
	<-over
	agent := &Agent{Name: ownName, Took: time.Since(begun)}
	for _, judged := range suite.Agents() {
		agent.Results = judged.Results
	}
	if err != nil {
		agent.Stopped = err.Error()
	}
	return agent, err
}

// playAlone makes the testee play the cases in doubt one at a time. Each begins when the
// previous one is over for the server too.
func (o *Own) playAlone(ctx context.Context, suite *FuzzingServer, testee *Testee) error {
	over := func() { suite.await(ctx, func() bool { return len(suite.playing[ownName]) == 0 }) }
	over()
	agents := suite.Agents()
	if len(agents) == 0 {
		return nil
	}
	for _, n := range indexes(o.Cases, doubted(o.Cases, agents[0].Results)) {
		if err := testee.Play(ctx, []int{n}); err != nil {
			return err
		}
		over()
	}
	return nil
}
