package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

const dialUsage = `ws dial [flags] ws://HOST/PATH

A WebSocket client. On a terminal, each line that you enter is sent as a text
message, and messages are printed as they arrive. Ctrl-D closes the connection.

In a pipe, each line of standard input is a message. Standard output gets the
messages that arrive, each followed by a newline, and nothing else. At the end of
the input it sends a ping, and closes when the pong has arrived. A server that
answers messages in order has answered them all by then; for a slower one, use
-wait. If only standard output is a terminal, messages are shown as on a terminal:
control characters are escaped, and binary data is in hexadecimal. If messages are
not lines, use -describe. It prints one line about each message: its type, its size
and the beginning of its content, with numbered fields if it looks like protobuf.

With -http2 the WebSocket is a stream of HTTP/2 (RFC 8441). A wss server has to
choose that (ALPN), and with ws:// it is spoken at once. Where only HTTP/1.1 is left,
ws dial fails and says why. With -http3 it is a stream of HTTP/3 (RFC 9220), by UDP,
to a wss server.

Ctrl-C or SIGTERM closes the connection without waiting for more messages. A second
one ends the program without waiting for the server's reply.

The exit code is
  0    if the connection ended well: the server closed it with 1000, 1001 or no
       code, and standard error says so with the reason; or we did
  1    if there was no connection, if it ended badly, or if the reply that -1
       waits for did not come
  2    if the command line is invalid
  130  after Ctrl-C a second time, as shells report it; 143 after SIGTERM`

// dialFlags are the flags of ws dial.
type dialFlags struct {
	url                     string
	options                 websocket.DialOptions
	one, binary, verbose    bool
	describe                bool
	request                 request
	proxy                   string
	version                 httpVersion
	compress                compression
	closeCode               int
	closeReason             string
	maxMessage              messageLimit
	timeout, waitAfterInput time.Duration
}

// dial is the command ws dial.
func dial(ctx context.Context, args []string) error {
	d, err := readDialFlags(args)
	if err != nil {
		return err
	}
	out := newDisplay(d.verbose)
	out.describe, out.redact = d.describe, d.withoutQuery
	asking := ctx
	if d.verbose {
		d.options.Trace = out.trace()
		asking = httptrace.WithClientTrace(ctx, out.exchange(&d.request))
	}
	defer d.version.close()
	c, resp, err := websocket.Dial(asking, d.url, &d.options)
	if wrong, ok := errors.AsType[*websocket.UsageError](err); ok {
		return misuse(wrong)
	}
	if err != nil {
		out.response(resp)
		return d.explain(ctx, err, resp)
	}
	defer c.CloseNow()
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	if err := out.open(interrupt); err != nil {
		return err
	}
	defer out.restore()
	out.connected(c, resp)
	return (&session{conn: c, flags: d, out: out, carrier: carrierOf(resp)}).run(ctx)
}

func readDialFlags(args []string) (*dialFlags, error) {
	d := &dialFlags{maxMessage: defaultMessageLimit}
	flags := newFlags("dial", dialUsage)
	d.request.flags(flags)
	d.compress.flags(flags)
	flags.BoolVar(&d.one, "1", false, "end after the first reply")
	flags.BoolVar(&d.binary, "b", false, "send lines as binary messages")
	d.version.flags(flags)
	flags.StringVar(&d.proxy, "proxy", "", "`url` of a proxy (http, https, socks5, socks5h), or none; default: from the environment")
	flags.IntVar(&d.closeCode, "close-code", int(websocket.StatusNormalClosure), "status `code` to close with")
	flags.StringVar(&d.closeReason, "close-reason", "", "`reason` to close with")
	d.maxMessage.flag(flags)
	flags.DurationVar(&d.timeout, "t", 30*time.Second, "timeout: the `time` allowed for connecting, for the reply that -1 waits for, for each message after the input, and for closing")
	flags.BoolVar(&d.describe, "describe", false, "print a line about each message instead of the message")
	flags.DurationVar(&d.waitAfterInput, "wait", 0, "keep printing messages for this `time` after the end of the input")
	flags.BoolVar(&d.verbose, "v", false, "show the request, the response and every frame on standard error")
	rest, err := parse(flags, args)
	switch {
	case err != nil:
		return nil, err
	case len(rest) == 0:
		return nil, usageError("the URL is missing")
	case len(rest) > 1:
		return nil, usageError(fmt.Sprintf("unexpected argument %q", rest[1]))
	case !strings.Contains(rest[0], "://"):
		address, _, _ := strings.Cut(rest[0], "?") // a token may follow it
		return nil, usageError(fmt.Sprintf("%q is not a URL: is it ws://%s?", address, address))
	case !maySend(d.closeCode):
		return nil, usageError(fmt.Sprintf("-close-code %d must not be sent; use 1000 or 3000 to 4999", d.closeCode))
	case len(d.closeReason) > frame.MaxReason:
		return nil, usageError(fmt.Sprintf("-close-reason has %d bytes; at most %d fit", len(d.closeReason), frame.MaxReason))
	case d.closeReason != "" && d.closeCode == int(websocket.StatusNoStatusRcvd):
		return nil, usageError("-close-reason needs a code; 1005 means none")
	case !utf8.ValidString(d.closeReason):
		return nil, usageError("-close-reason is not UTF-8")
	case d.timeout <= 0:
		return nil, usageError("-t must be positive")
	}
	if err := d.compress.check(flags); err != nil {
		return nil, err
	}
	if err := d.request.check(); err != nil {
		return nil, err
	}
	d.request.fill(&d.options)
	d.url = rest[0]
	if err := d.version.check(d); err != nil {
		return nil, err
	}
	d.version.fill(&d.options)
	d.options.CompressionMode, d.options.CompressionThreshold, d.options.Compression = d.compress.options()
	d.options.Limits = websocket.Limits{Message: int64(d.maxMessage)}
	d.options.Timeouts = websocket.Timeouts{Handshake: d.timeout, Close: d.timeout}
	return d, d.setProxy()
}

func maySend(code int) bool {
	none := code == int(websocket.StatusNoStatusRcvd) // a Close frame without a code
	return none || code >= 0 && code <= 4999 && frame.ValidCloseCode(uint16(code))
}

func (d *dialFlags) setProxy() error {
	switch d.proxy {
	case "":
	case "none":
		d.options.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	default:
		u, err := url.Parse(d.proxy)
		if err != nil || u.Host == "" {
			return usageError(fmt.Sprintf("-proxy %q is not a URL such as http://proxy:3128", d.proxy))
		}
		d.options.Proxy = http.ProxyURL(u)
	}
	return nil
}
