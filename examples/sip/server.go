package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/examples/sip/front"
)

// goodbyeTime is how long clients have to disconnect when the server ends.
const goodbyeTime = 10 * time.Second

func runFront(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer, log *slog.Logger) error {
	users := make(map[string]string)
	options := front.Options{Users: users, Log: log}
	listen := flags.String("listen", "127.0.0.1:5066", "`address` to listen on")
	flags.StringVar(&options.Domain, "domain", "", "the part after the @ of the users' addresses (default: the host of -listen)")
	flags.Func("user", "a user, as `NAME:PASSWORD`; may be repeated", func(line string) error { return addUser(users, line) })
	flags.Func("users", "a `file` with one NAME:PASSWORD per line", func(name string) error { return readUsers(users, name) })
	flags.Func("origin", "`pattern` of origins whose pages may connect, besides this host; may be repeated", func(pattern string) error {
		options.OriginPatterns = append(options.OriginPatterns, pattern)
		return nil
	})
	flags.IntVar(&options.MaxConnections, "max-connections", 10_000, "maximum number of clients")
	certificate := flags.String("tls-cert", "", "serve wss with the certificate in this `file`")
	key := flags.String("tls-key", "", "and the key in this `file`")
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUsage, err)
	}
	switch {
	case flags.NArg() > 0:
		return misuse(flags, "unexpected argument %q", flags.Arg(0))
	case len(users) == 0:
		return misuse(flags, "nobody may register: -user or -users is needed")
	case (*certificate == "") != (*key == ""):
		return misuse(flags, "-tls-cert and -tls-key go together")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	if options.Domain == "" {
		host, _, err := net.SplitHostPort(*listen)
		if err != nil {
			return err
		}
		options.Domain = cmp.Or(host, "localhost")
	}

	server := front.New(options)
	httpServer := &http.Server{
		Handler:           server.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() {
		if *certificate != "" {
			served <- httpServer.ServeTLS(listener, *certificate, *key)
		} else {
			served <- httpServer.Serve(listener)
		}
	}()
	fmt.Fprintf(out, "sip front at %s for the domain %s\n", listener.Addr(), options.Domain)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	goodbye, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbyeTime)
	defer cancel()
	// net/http does not know WebSocket connections. front closes them, with 1001.
	err = errors.Join(server.Shutdown(goodbye), httpServer.Shutdown(goodbye))
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}

// addUser parses a line NAME:PASSWORD.
func addUser(users map[string]string, line string) error {
	name, password, ok := strings.Cut(line, ":")
	if !ok || name == "" || password == "" {
		return errors.New("a user must be written NAME:PASSWORD")
	}
	users[name] = password
	return nil
}

// readUsers reads a file of such lines. It ignores empty lines and those that begin with #.
func readUsers(users map[string]string, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := addUser(users, line); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return lines.Err()
}
