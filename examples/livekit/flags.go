package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/hawser-ws/websocket/examples/livekit/rtc"
)

// flags are the command line flags.
type flags struct {
	server     string
	grant      rtc.Grant
	v1         bool
	tokenOnly  bool
	json, sdp  bool
	signalling bool // without a PeerConnection
	attempts   int
	stay       time.Duration
}

// readFlags parses the command line. The environment variables are those of LiveKit's own
// tools. The defaults are those of a server with --dev.
func readFlags(args []string) (*flags, error) {
	f := &flags{}
	env := func(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }
	set := flag.NewFlagSet("livekit", flag.ContinueOnError)
	set.StringVar(&f.server, "url", env("LIVEKIT_URL", "ws://127.0.0.1:7880"), "`URL` of the server")
	set.StringVar(&f.grant.Key, "api-key", env("LIVEKIT_API_KEY", "devkey"), "the server's API `key`")
	// Not as the default of the flag, because -h prints that.
	set.StringVar(&f.grant.Secret, "api-secret", "", "the key's `secret`; safer in LIVEKIT_API_SECRET, since process lists show arguments")
	set.StringVar(&f.grant.Room, "room", "demo", "`room` to join; it is created if it does not exist")
	set.StringVar(&f.grant.Identity, "identity", "ann", "`identity` in the room; must be unique there")
	set.StringVar(&f.grant.Name, "name", "", "`name` to show to the others")
	set.DurationVar(&f.grant.ValidFor, "valid", 10*time.Minute, "`time` in which the token may be used to join")
	set.BoolVar(&f.tokenOnly, "token", false, "print a token and exit")
	set.BoolVar(&f.v1, "v1", false, "join through /rtc/v1")
	set.BoolVar(&f.signalling, "signalling-only", false, "do not answer offers; the server gives up after a minute")
	set.BoolVar(&f.json, "json", false, "print one JSON object per line")
	set.BoolVar(&f.sdp, "sdp", false, "print all lines of offers and answers")
	set.IntVar(&f.attempts, "attempts", 10, "`number` of attempts in a row to reconnect")
	set.DurationVar(&f.stay, "for", 0, "`time` after which to leave; 0: at Ctrl-C")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	f.grant.Secret = cmp.Or(f.grant.Secret, env("LIVEKIT_API_SECRET", "secret"))
	switch {
	case set.NArg() > 0:
		return nil, fmt.Errorf("%q is an unexpected argument", set.Arg(0))
	case f.grant.Room == "" || f.grant.Identity == "":
		return nil, errors.New("-room and -identity must not be empty")
	case f.attempts == 0:
		f.attempts = -1 // for rtc, zero means its default
	}
	return f, nil
}

func (f *flags) version() rtc.Version {
	if f.v1 {
		return rtc.V1
	}
	return rtc.V0
}
