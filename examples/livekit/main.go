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

	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/livekit/protocol/livekit"
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

// run does what the command line says, and prints to out.
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
	options := rtc.Options{
		Server:   f.server,
		Token:    token,
		Version:  f.version(),
		Attempts: f.attempts,
		Observe:  (&text{out: out, sdp: f.sdp}).event,
	}
	if f.json {
		options.Observe = (&jsonLines{out: out}).event
	}
	if f.publish != "" {
		options.Hello = append(options.Hello, announce(f.publish))
	}
	return rtc.NewSession(options).Run(ctx)
}

// announce is how publishing begins. The server answers track_published, and waits for
// an offer with the track in it, which is for a client that has media.
func announce(name string) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid:    name, // by which the offer will call it
		Name:   name,
		Type:   livekit.TrackType_AUDIO,
		Source: livekit.TrackSource_MICROPHONE,
	}}}
}
