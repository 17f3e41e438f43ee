package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/hawser-ws/websocket/examples/livekit/peer"
	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/pion/webrtc/v4"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	switch err := run(ctx, os.Args[1:], os.Stdout); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintf(os.Stderr, "livekit: %s\n", oneLine(err.Error()))
		os.Exit(1)
	}
}

// display prints events. Each call is a single write, so that the session and the
// PeerConnection need not wait for each other.
type display interface {
	event(rtc.Event)
	media(webrtc.PeerConnectionState)
}

// run executes the command line, and prints to out.
func run(ctx context.Context, args []string, out io.Writer) error {
	f, err := readFlags(args)
	if err != nil {
		return err
	}
	token, err := f.grant.Token()
	if err != nil {
		return err
	}
	if f.tokenOnly {
		_, err := fmt.Fprintln(out, token)
		return err
	}
	if f.stay > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.stay)
		defer cancel()
	}
	var show display = &text{out: out, sdp: f.sdp}
	if f.json {
		show = &jsonLines{out: out}
	}
	options := rtc.Options{
		Server:   f.server,
		Token:    token,
		Version:  f.version(),
		Attempts: f.attempts,
		Observe:  show.event,
	}
	if f.signalling {
		return rtc.NewSession(options).Run(ctx)
	}
	return withPeer(ctx, options, show)
}

// withPeer runs a session with a PeerConnection beside it.
func withPeer(ctx context.Context, options rtc.Options, show display) error {
	p := peer.New(options.Version)
	p.Changed = show.media
	options.Observe = func(e rtc.Event) {
		show.event(e)
		p.Observe(e)
	}
	session := rtc.NewSession(options)

	beside, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	failed := make(chan error, 1)
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	go func() {
		defer leave() // it ends by itself only if there is no media
		failed <- p.Run(beside, session)
	}()
	err := session.Run(ctx)
	hangUp()
	return errors.Join(err, <-failed)
}
