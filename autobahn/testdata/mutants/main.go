// The engine as a separate program, so that mutants of it can be judged. Without arguments it
// is an echo server. With the URL of a fuzzing server, the number of its cases, and how many to
// play at a time, it is a client. The flag -http2, in front of them, is for HTTP/2. It does not use package autobahn, which takes longer to build
// than everything else.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/hawser-ws/websocket"
)

var limits = websocket.Limits{Message: 16 << 20}

const compression = websocket.CompressionContextTakeover

var overHTTP2 = flag.Bool("http2", false, "over streams of HTTP/2")

func main() {
	flag.Parse()
	err := error(nil)
	if flag.NArg() == 0 {
		err = serve()
	} else {
		err = play(flag.Arg(0), flag.Arg(1), flag.Arg(2))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// serve prints the address that it listens on, and ends with its input, so that
// it does not outlive a test that was killed.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	opts := &websocket.AcceptOptions{
		CompressionMode: compression, Limits: limits,
		OnError: func(*websocket.HandlerError) {}, // how it ends is judged on the wire
	}
	if *overHTTP2 {
		go serveHTTP2(l, opts)
	} else {
		go http.Serve(l, websocket.Handler(echo, opts))
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func serveHTTP2(l net.Listener, opts *websocket.AcceptOptions) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		go websocket.ServeHTTP2(nc, echo, opts)
	}
}

// play does not ask the server for the number of its cases: a mutant may not be
// able to.
func play(url, count, parallel string) error {
	cases, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(parallel)
	if err != nil {
		return err
	}
	turns := make(chan struct{}, n)
	var all sync.WaitGroup
	for i := range cases {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			visit(url + "/runCase?agent=mutant&case=" + strconv.Itoa(i+1))
		})
	}
	all.Wait()
	visit(url + "/updateReports?agent=mutant")
	return nil
}

// visit echoes until the server ends. How it went is for the server to say.
func visit(url string) {
	ctx := context.Background()
	opts := &websocket.DialOptions{CompressionMode: compression, Limits: limits}
	if *overHTTP2 { // a connection for each case: a mutant may end it
		opts.HTTP2 = &websocket.HTTP2Pool{PriorKnowledge: true, Require: true}
		defer opts.HTTP2.Close()
	}
	c, _, err := websocket.Dial(ctx, url, opts)
	if err != nil {
		return
	}
	defer c.CloseNow()
	echo(ctx, c)
}

func echo(ctx context.Context, c *websocket.Conn) error {
	for {
		kind, message, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if err := c.Write(ctx, kind, message); err != nil {
			return err
		}
	}
}
