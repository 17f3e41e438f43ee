package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/agent"
)

// client has what the client's commands share.
type client struct {
	agent   agent.Agent
	url     string
	rest    []string // arguments after the URL
	timeout time.Duration
}

// newClient parses a command line with the given number of arguments.
func newClient(flags *flag.FlagSet, args []string, arguments int, log *slog.Logger) (*client, error) {
	var c client
	flags.StringVar(&c.agent.Account.User, "user", "", "the user's `name`")
	flags.StringVar(&c.agent.Account.Password, "password", os.Getenv("SIP_PASSWORD"), "the user's password; safer in SIP_PASSWORD, since process lists show arguments")
	flags.StringVar(&c.agent.Account.Domain, "domain", "", "the part after the @ of the user's address (default: the host of the URL)")
	flags.DurationVar(&c.timeout, "timeout", 40*time.Second, "time limit for the whole command")
	ca := flags.String("ca", "", "trust the certificates in this `file` for wss, and no others")
	if err := flags.Parse(args); err != nil {
		return nil, errors.Join(errUsage, err)
	}
	if flags.NArg() != arguments {
		return nil, misuse(flags, "%d arguments instead of %d", flags.NArg(), arguments)
	}
	if c.agent.Account.User == "" {
		return nil, misuse(flags, "-user is needed")
	}
	c.url, c.rest = flags.Arg(0), flags.Args()[1:]
	parsed, err := url.Parse(c.url)
	if err != nil {
		return nil, misuse(flags, "%v", err)
	}
	c.agent.Account.Domain = cmp.Or(c.agent.Account.Domain, parsed.Hostname())
	c.agent.Log = log
	c.agent.Dial = &websocket.DialOptions{
		KeepAlive: websocket.KeepAlive{Interval: 30 * time.Second, Timeout: 10 * time.Second},
	}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s contains no certificates", *ca)
		}
		c.agent.Dial.TLSConfig = &tls.Config{RootCAs: roots}
	}
	return &c, nil
}

// session runs do over a new connection.
func (c *client) session(ctx context.Context, do func(context.Context, *agent.Session) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	session, err := c.agent.Connect(ctx, c.url)
	if err != nil {
		return err
	}
	err = do(ctx, session)
	if closing := session.Close(); err == nil && session.Err() == nil {
		err = closing
	}
	return err
}

func runRegister(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer, log *slog.Logger) error {
	c, err := newClient(flags, args, 1, log)
	if err != nil {
		return err
	}
	return c.session(ctx, func(ctx context.Context, s *agent.Session) error {
		granted, err := s.Register(ctx, agent.DefaultExpires)
		if err != nil {
			return err
		}
		// Nothing reaches us without the connection, so the registration ends with it.
		fmt.Fprintf(out, "registered sip:%s@%s for %v\n", c.agent.Account.User, c.agent.Account.Domain, granted)
		return s.Unregister(ctx)
	})
}

func runOptions(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer, log *slog.Logger) error {
	to := flags.String("to", "", "the `URI` to ask (default: the domain's server)")
	c, err := newClient(flags, args, 1, log)
	if err != nil {
		return err
	}
	target, err := parseURI(cmp.Or(*to, "sip:"+c.agent.Account.Domain))
	if err != nil {
		return misuse(flags, "-to: %v", err)
	}
	return c.session(ctx, func(ctx context.Context, s *agent.Session) error {
		allowed, err := s.Options(ctx, target)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "200 from %s, which allows: %s\n", target.String(), cmp.Or(allowed, "it does not say what"))
		return nil
	})
}

func runMessage(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer, log *slog.Logger) error {
	to := flags.String("to", "", "the `URI` to send it to, such as sip:bob@example.com")
	c, err := newClient(flags, args, 2, log)
	if err != nil {
		return err
	}
	target, err := parseURI(*to)
	if err != nil {
		return misuse(flags, "-to: %v", err)
	}
	return c.session(ctx, func(ctx context.Context, s *agent.Session) error {
		if err := s.Message(ctx, target, c.rest[0]); err != nil {
			return err
		}
		fmt.Fprintf(out, "delivered to %s\n", target.String())
		return nil
	})
}

func runListen(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer, log *slog.Logger) error {
	c, err := newClient(flags, args, 1, log)
	if err != nil {
		return err
	}
	c.agent.Handle = func(req *sip.Request) *sip.Response {
		if req.Method != sip.MESSAGE {
			return agent.Answer(req)
		}
		from := req.From().Address
		fmt.Fprintf(out, "%s: %q\n", from.Addr(), req.Body())
		return sip.NewResponseFromRequest(req, sip.StatusOK, "OK", nil)
	}
	return c.agent.Listen(ctx, c.url)
}

func parseURI(text string) (sip.Uri, error) {
	var uri sip.Uri
	if err := sip.ParseUri(text, &uri); err != nil {
		return uri, fmt.Errorf("%q: %w", text, err)
	}
	if (uri.Scheme != "sip" && uri.Scheme != "sips") || uri.Host == "" {
		return uri, fmt.Errorf("%q is not a sip URI", text)
	}
	return uri, nil
}
