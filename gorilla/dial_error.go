package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/dial"
)

// ErrBadHandshake is returned if the server answers something else than a WebSocket
// handshake. If its answer claims to be one and breaks the protocol, the error says how, and
// [errors.Is] finds ErrBadHandshake in it.
var ErrBadHandshake = errors.New("websocket: bad handshake")

var (
	errMalformedURL       = errors.New("malformed ws or wss URL")
	errInvalidCompression = errors.New("websocket: invalid compression negotiation")
)

// dialError translates an error of package dial into the plain ones that gorilla's users know.
// The response is nil unless the server's answer is what is wrong.
func dialError(err error) (*http.Response, error) {
	failed, ok := errors.AsType[*dial.Error](err)
	if !ok { // a *dial.Misuse
		return nil, errors.New("websocket: " + err.Error())
	}
	if bad, ok := errors.AsType[*handshake.BadResponse](failed.Err); ok && failed.Response != nil {
		return failed.Response, badHandshake(bad)
	} else if ok {
		return nil, errors.New("websocket: " + failed.Err.Error())
	}
	proxy, atProxy := errors.AsType[*dial.ProxyError](failed.Err)
	step, atStep := errors.AsType[*dial.StepError](failed.Err)
	switch {
	case atProxy && proxy.Response != nil:
		return nil, errors.New("websocket: " + failed.Err.Error())
	case atProxy && atStep:
		return nil, proxyError(proxy, step)
	case atStep:
		return nil, plainError(step)
	}
	return nil, failed.Err
}

// socksReplies are what a SOCKS proxy owes at each step.
var socksReplies = map[string]string{
	dial.SOCKSGreeting:       "greeting",
	dial.SOCKSAuthentication: "authentication reply",
	dial.SOCKSConnect:        "connect reply",
}

// proxyError is plainError with the texts that gorilla v1.5.3 has for SOCKS proxies.
func proxyError(proxy *dial.ProxyError, step *dial.StepError) error {
	reply, isSOCKS := socksReplies[step.Step]
	if _, timeout := asTimeout(step.Raw); !isSOCKS || timeout || step.Err != step.Raw {
		return plainError(step)
	}
	_, at, _ := strings.Cut(proxy.Proxy, "://")
	if _, ok := errors.AsType[net.Error](step.Raw); ok || errors.Is(step.Raw, io.EOF) || errors.Is(step.Raw, io.ErrUnexpectedEOF) {
		return fmt.Errorf("proxy: failed to read %s from SOCKS5 proxy at %s: %w", reply, at, step.Raw)
	}
	return fmt.Errorf("proxy: SOCKS5 proxy at %s failed to connect: %w", at, step.Raw)
}

// badHandshake returns why the server's answer does not open a connection.
func badHandshake(bad *handshake.BadResponse) error {
	switch {
	case bad.Status != http.StatusSwitchingProtocols:
		return ErrBadHandshake
	case strings.HasPrefix(bad.Section, "RFC 7692"):
		return errInvalidCompression
	}
	return &brokenHandshake{bad}
}

// brokenHandshake is an answer with the status 101 that breaks the protocol.
type brokenHandshake struct{ bad *handshake.BadResponse }

func (e *brokenHandshake) Error() string { return ErrBadHandshake.Error() + ": " + e.bad.Error() }
func (e *brokenHandshake) Unwrap() error { return ErrBadHandshake }

// plainError is what the network or the context said, with nothing around it: programs
// look at the type.
func plainError(step *dial.StepError) error {
	if timeout, ok := asTimeout(step.Raw); ok {
		return timeout
	}
	switch {
	case errors.Is(step.Err, context.DeadlineExceeded):
		if timeout, ok := asTimeout(step.Err); ok {
			return timeout
		}
		return context.DeadlineExceeded
	case errors.Is(step.Err, context.Canceled) && !errors.Is(step.Raw, context.Canceled):
		return step.Err
	case errors.Is(step.Raw, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	}
	return step.Raw
}

// asTimeout returns err if it is a timeout itself, not merely around one.
func asTimeout(err error) (net.Error, bool) {
	timeout, ok := err.(net.Error) //nolint:errorlint // see above
	return timeout, ok && timeout.Timeout()
}
