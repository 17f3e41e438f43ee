//go:build unix

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A chromium is a browser with a process group, a profile and one tab of its own.
type chromium struct {
	name string
	ctx  context.Context // of the tab
	pid  int             // of the process, and of its group

	mu         sync.Mutex
	console    []string
	exceptions []string // that nothing on the page caught
	messages   []message
	accepts    []string // the Sec-WebSocket-Accept of each handshake
}

// A message is one that a WebSocket of the page carried, as the browser tells
// it: a witness that is neither the page nor the server.
type message struct {
	sent, binary bool
	text         string // or the bytes of a binary message
}

// launch starts a browser that lives until the test ends or kill is called.
func launch(t *testing.T, name string, more ...chromedp.ExecAllocatorOption) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("chromium is missing: apt-get install chromium (%v)", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // it is not to be had as root, as CI runs
		chromedp.DisableGPU,
		chromedp.IgnoreCertErrors, // for the server that signs for itself
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		// A camera that shows a clock, slow enough for a machine without an encoder
		// of its own; permission to use it; candidates on loopback, for a machine
		// that has nothing else; by address, not by a name that multicast DNS would
		// have to resolve.
		chromedp.Flag("use-fake-device-for-media-stream", "fps=10"),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("disable-features", "Translate,WebRtcHideLocalIpsWithMdns"),
		// A group, for kill to find all of its processes; and the browser ends
		// when this process does, however it does.
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		}),
	)
	all, end := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, cancel := chromedp.NewContext(all)
	b := &chromium{name: name, ctx: ctx}
	t.Cleanup(func() {
		b.kill(t)
		cancel()
		end()
	})

	// The first call is what starts the process.
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("%s's browser does not start: %v", name, err)
	}
	b.pid = chromedp.FromContext(ctx).Browser.Process().Pid
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: remember}); err != nil {
		t.Fatalf("%s's browser: %v", name, err)
	}
	return b
}

// kill is kill -9 on all processes of the browser. It may be called twice.
func (b *chromium) kill(t *testing.T) {
	t.Helper()
	if b.pid == 0 {
		return
	}
	if err := syscall.Kill(-b.pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		t.Errorf("%s's browser: %v", b.name, err)
	}
	// The context ends when the process is gone.
	select {
	case <-b.ctx.Done():
	case <-time.After(patience):
		t.Errorf("%s's browser has been killed and goes on", b.name)
	}
	b.pid = 0
}

// note is called with every event of the tab, one at a time.
func (b *chromium) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventWebSocketFrameSent:
		b.messages = append(b.messages, messageOf(e.Response, true))
	case *network.EventWebSocketFrameReceived:
		b.messages = append(b.messages, messageOf(e.Response, false))
	case *network.EventWebSocketHandshakeResponseReceived:
		for name, value := range e.Response.Headers {
			if strings.EqualFold(name, "Sec-WebSocket-Accept") {
				b.accepts = append(b.accepts, fmt.Sprint(value))
			}
		}
	case *network.EventWebSocketFrameError:
		b.console = append(b.console, "WebSocket: "+e.ErrorMessage)
	case *log.EventEntryAdded:
		b.console = append(b.console, fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *runtime.EventConsoleAPICalled:
		line := []string{string(e.Type) + ":"}
		for _, arg := range e.Args {
			if arg.Value != nil {
				line = append(line, string(arg.Value))
			} else {
				line = append(line, arg.Description)
			}
		}
		b.console = append(b.console, strings.Join(line, " "))
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		b.exceptions = append(b.exceptions, text)
	}
}

func messageOf(f *network.WebSocketFrame, sent bool) message {
	const binary = 2 // RFC 6455 §5.2
	return message{sent: sent, binary: f.Opcode == binary, text: string(f.PayloadData)}
}

// wire is what the page's WebSockets have carried so far.
func (b *chromium) wire() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.messages[:len(b.messages):len(b.messages)]
}

// accept is the Sec-WebSocket-Accept of the last handshake.
func (b *chromium) accept() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.accepts) == 0 {
		return "no Sec-WebSocket-Accept"
	}
	return b.accepts[len(b.accepts)-1]
}

// carried is the text of all messages on the page's WebSockets.
func (b *chromium) carried() string {
	var all strings.Builder
	for _, m := range b.wire() {
		fmt.Fprintln(&all, m.text)
	}
	return all.String()
}

// tell says what has happened on the page since it was last asked, and forgets it:
// exceptions that nothing caught fail the test, the rest is for who looks for a cause.
func (b *chromium) tell(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.exceptions {
		t.Errorf("on %s's page: %s", b.name, x)
	}
	if t.Failed() && len(b.console) > 0 {
		t.Logf("%s's console:\n%s", b.name, strings.Join(b.console, "\n"))
	}
	b.console, b.exceptions, b.messages, b.accepts = nil, nil, nil, nil
}

// evaluate is the value of a JavaScript expression on the page, awaited if it is a promise.
func evaluate[T any](t *testing.T, b *chromium, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s's page, %.60s: %v", b.name, expression, err)
	}
	return v
}
