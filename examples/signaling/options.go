package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/hawser-ws/websocket"
)

// options are the values of the flags, and further choices for tests.
type options struct {
	listen            string
	certFile, keyFile string
	selfSigned        bool
	origins           []string
	nats              string
	cluster, routes   string
	name              string
	capacity, rooms   int
	queue             int // messages that may wait for a member
	grace             time.Duration
	traced            int             // events kept for each connection; 0: no trace
	iceServers        json.RawMessage // for RTCPeerConnection

	keepAlive  websocket.KeepAlive
	joinWithin time.Duration
	beat       time.Duration // of the servers; zero means the default
	log        *slog.Logger
}

func defaults() options {
	return options{
		listen: "127.0.0.1:7880", capacity: 8, rooms: 1000, queue: 64, grace: 20 * time.Second, traced: 500,
		iceServers: json.RawMessage("[]"),
		keepAlive:  websocket.KeepAlive{Interval: 20 * time.Second, Timeout: 10 * time.Second},
		joinWithin: 5 * time.Second,
		log:        slog.Default(),
	}
}

func parse(args []string, out io.Writer) (options, error) {
	o := defaults()
	f := flag.NewFlagSet("signaling", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.listen, "listen", o.listen, "`address` to serve HTTP and WebSocket on")
	f.StringVar(&o.certFile, "tls-cert", "", "`file` with the certificate chain: https and wss")
	f.StringVar(&o.keyFile, "tls-key", "", "`file` with the key of the certificate")
	f.BoolVar(&o.selfSigned, "tls-self-signed", false, "https and wss with a certificate made for this run")
	f.Func("origin", "`pattern` of origins besides our own whose pages may connect, such as https://*.example.com; may be repeated", func(p string) error {
		o.origins = append(o.origins, p)
		return nil
	})
	f.StringVar(&o.nats, "nats", "", "`URL` of a NATS server through which servers are joined")
	f.StringVar(&o.cluster, "cluster", "", "`address` for a NATS server inside this one, such as :6222 or user:password@10.0.0.1:6222")
	f.StringVar(&o.routes, "routes", "", "`addresses` of the others' -cluster, separated by commas")
	f.StringVar(&o.name, "name", "", "`name` of this server, for people (default: the name of the machine)")
	f.IntVar(&o.capacity, "capacity", o.capacity, "members of a room")
	f.IntVar(&o.rooms, "rooms", o.rooms, "rooms at a time")
	f.DurationVar(&o.grace, "grace", o.grace, "how long a member is kept whose connection is lost")
	f.IntVar(&o.queue, "queue", o.queue, "messages that may wait for a member who does not read")
	f.IntVar(&o.traced, "trace", o.traced, "events kept of each connection for the page's trace; 0: none")
	f.Func("ice-servers", "`JSON` list for RTCPeerConnection, such as '[{\"urls\": \"stun:stun.example.com\"}]'", func(s string) error {
		var list []map[string]any
		if err := json.Unmarshal([]byte(s), &list); err != nil || list == nil {
			return errors.New("not a list of objects in JSON")
		}
		o.iceServers = json.RawMessage(s)
		return nil
	})
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.name == "" {
		o.name, _ = os.Hostname() // without one the server has no name
	}
	return o, o.check()
}

// check reports options that do not go together.
func (o *options) check() error {
	switch {
	case (o.certFile == "") != (o.keyFile == ""):
		return errors.New("-tls-cert and -tls-key go together")
	case o.selfSigned && o.certFile != "":
		return errors.New("use either -tls-cert or -tls-self-signed")
	case o.nats != "" && o.cluster != "":
		return errors.New("use either -nats, to use a NATS server, or -cluster, to be one")
	case o.routes != "" && o.cluster == "":
		return errors.New("-routes needs -cluster")
	case o.capacity < 1 || o.rooms < 1 || o.queue < 1:
		return errors.New("-capacity, -rooms and -queue must be at least 1")
	case o.grace < 0 || o.traced < 0:
		return errors.New("-grace and -trace must not be negative")
	case len(o.name) > 200 || strings.ContainsFunc(o.name, func(c rune) bool { return c < ' ' }):
		return errors.New("-name must be one short line")
	}
	return nil
}
