// Command testee is an Autobahn testee, echo server or echo client, for one of the Go
// WebSocket libraries. It is used to compare their results with those of Hawser:
//
//	go run ./testee -lib gorilla -listen 127.0.0.1:9100
//	go run ./testee -lib gorilla -testee ws://127.0.0.1:9001 -agent gorilla
//
// The first command is for wstest -m fuzzingclient, the second for wstest -m fuzzingserver.
// Each library is configured as its own documentation and Autobahn examples recommend.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// library is implemented by each file of this package. listen is for a library with an HTTP
// server of its own. client is nil if the library is tested as a server only.
type library struct {
	server http.HandlerFunc
	listen func(address string) error
	client client
}

type client interface {
	// message connects and returns the first message.
	message(url string) ([]byte, error)
	// echo connects and echoes each message until the connection ends.
	echo(url string) error
}

var libraries = map[string]library{
	"coder":    {server: serveCoder, client: coderClient{}},
	"fasthttp": {listen: listenFasthttp, client: fasthttpClient{}},
	"gobwas":   {server: serveGobwas},
	"gorilla":  {server: serveGorilla, client: gorillaClient{}},
	"gws":      {server: serveGws, client: gwsClient{}},
	"hawser":   {server: hawserHandler.ServeHTTP, client: hawserClient{}},
	"nbio":     {listen: listenNbio, client: nbioClient{}},
	"xnet":     {server: serveXnet, client: xnetClient{}},
}

// caseLimit ends a case that hangs. The longest ones, in chapters 9 and 12, take the suite a
// minute or two on a slow machine.
const caseLimit = 10 * time.Minute

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	var (
		lib    = flag.String("lib", "", "the `library`: coder, fasthttp, gobwas, gorilla, gws, hawser, nbio or xnet")
		listen = flag.String("listen", "", "be an echo server on this `address`")
		testee = flag.String("testee", "", "be a client of the fuzzing server at this `URL`")
		agent  = flag.String("agent", "", "the client's `name` in the report; the library's if empty")
		from   = flag.Int("from", 1, "the first case")
		to     = flag.Int("to", 0, "the last case; 0: as many as there are")
	)
	flag.Parse()
	l, ok := libraries[*lib]
	if !ok || (*listen == "") == (*testee == "") {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	switch {
	case *listen != "" && l.listen != nil:
		err = l.listen(*listen)
	case *listen != "":
		err = serve(*listen, l.server)
	case l.client == nil:
		err = fmt.Errorf("%s is a server only", *lib)
	default:
		if *agent == "" {
			*agent = *lib
		}
		err = runCases(l.client, strings.TrimSuffix(*testee, "/"), *agent, *from, *to)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// serve prints its address first, since the port may have been 0.
func serve(address string, handler http.Handler) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Printf("listening at %v\n", l.Addr())
	return http.Serve(l, handler)
}

// linger lets the last frames arrive. Closing a socket with unread data makes the kernel reset
// the connection and drop data in transit. A server ends TCP first (RFC 6455, section 7.1.1),
// so it says with halfClose that no more will follow.
func linger(conn net.Conn, halfClose bool) {
	if tcp, ok := conn.(*net.TCPConn); ok && halfClose {
		_ = tcp.CloseWrite()
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, conn)
}

// runCases is the client for wstest -m fuzzingserver. A case that fails, even in the handshake,
// must not keep the others from running.
func runCases(c client, server, agent string, from, to int) error {
	if to == 0 {
		msg, err := c.message(server + "/getCaseCount")
		if err != nil {
			return fmt.Errorf("getCaseCount: %w", err)
		}
		if to, err = strconv.Atoi(string(msg)); err != nil {
			return fmt.Errorf("getCaseCount: %w", err)
		}
	}
	agent = url.QueryEscape(agent)
	for n := from; n <= to; n++ {
		if err := c.echo(fmt.Sprintf("%s/runCase?case=%d&agent=%s", server, n, agent)); err != nil {
			log.Printf("case %d: %v", n, err)
		}
	}
	if err := c.echo(server + "/updateReports?agent=" + agent); err != nil {
		log.Printf("updateReports: %v", err)
	}
	return nil
}
