package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "signaling:", err)
		os.Exit(1)
	}
}

// run is the program, until ctx ends. The first line it writes is the URL.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	secure, err := o.tls()
	if err != nil {
		return err
	}
	front, err := listen(o.listen, secure)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "signaling: open %s\n", front.url())
	if o.selfSigned {
		fmt.Fprintf(out, "signaling: certificate, SHA-256 %s\n", fingerprint(secure))
	}
	o.log = slog.New(slog.NewTextHandler(out, nil))
	s, err := newService(o)
	if err != nil {
		return errors.Join(err, front.listener.Close())
	}
	return s.serve(ctx, front)
}
