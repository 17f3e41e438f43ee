package livekit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// launch starts a browser that ends with the test. The context that it returns is that of its
// first tab, and a parent of those of the others.
func launch(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: run tools/setup.sh, or apt-get install chromium")
	}
	// t.TempDir would fail the test: the browser's children still write while they are killed.
	profile, err := os.MkdirTemp("", "livekit-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	browser, cancel := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.NoSandbox, // Chromium has no sandbox for root, and CI runs as root
		chromedp.DisableGPU,
		chromedp.WindowSize(960, 800),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// A camera that shows a clock, ten times a second, and a microphone that beeps.
		chromedp.Flag("use-fake-device-for-media-stream", "fps=10"),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		// Candidates on loopback: a machine may have nothing else. By address: a name would
		// have to be resolved by multicast DNS.
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("disable-features", "Translate,WebRtcHideLocalIpsWithMdns"),
	))
	t.Cleanup(func() {
		cancel()
		_ = os.RemoveAll(profile)
	})
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return browser
}

// A tab is a page of a browser, with one participant in it.
type tab struct {
	name string // identity of the participant
	ctx  context.Context

	mu       sync.Mutex
	console  []string
	problems []string // errors on the console, and exceptions that nothing caught
}

// open opens a page in a tab of its own.
func open(t *testing.T, browser context.Context, name, page string) *tab {
	t.Helper()
	b := &tab{name: name}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithListener(b.note))
	b.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(b.story())
		}
		cancel()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		t.Fatalf("%s's page: %v", name, err)
	}
	return b
}

// note is called with every event of the tab, one at a time.
func (b *tab) note(event any) {
	line, problem := "", false
	switch e := event.(type) {
	case *log.EventEntryAdded:
		line = fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		problem = e.Entry.Level == log.EntryLevelError
	case *runtime.EventConsoleAPICalled:
		words := []string{string(e.Type) + ":"}
		for _, arg := range e.Args {
			if arg.Value != nil {
				words = append(words, string(arg.Value))
			} else {
				words = append(words, arg.Description)
			}
		}
		line, problem = strings.Join(words, " "), e.Type == runtime.ConsoleAPICalledTypeError
	case *runtime.EventExceptionThrown:
		line, problem = e.ExceptionDetails.Text, true
		if x := e.ExceptionDetails.Exception; x != nil {
			line += " " + x.Description
		}
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.console = append(b.console, line)
	if problem {
		b.problems = append(b.problems, line)
	}
}

// story says what happened on the page, for whoever looks for a cause.
func (b *tab) story() string {
	events, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("JSON.stringify({events: call.events, sockets}, null, 1)"))
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("%s's page saw (%v):\n%s\nconsole:\n%s", b.name, err, events, strings.Join(b.console, "\n"))
}

// troubles returns the errors that the page has shown so far.
func (b *tab) troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.problems)
}

// do calls a method of the page's participant, waits until it returns, and returns its result.
func do[T any](t *testing.T, b *tab, method string, args ...any) T {
	t.Helper()
	list, err := json.Marshal(append([]any{}, args...))
	if err != nil {
		t.Fatal(err)
	}
	return evaluate[T](t, b, fmt.Sprintf("call.%s(...%s)", method, list))
}

// evaluate returns the value of an expression on the page. It waits for a promise.
func evaluate[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s's page, %.100s: %v", b.name, expression, err)
	}
	return v
}

// show writes a screenshot of the page, if -screenshots asks for it.
func (b *tab) show(t *testing.T, what string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatalf("%s's page has no picture: %v", b.name, err)
	}
	_, server, _ := strings.Cut(t.Name(), "/")
	if err := os.MkdirAll(*screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(*screenshots, strings.Join([]string{server, what, b.name}, "-")+".png")
	if err := os.WriteFile(file, png, 0o644); err != nil {
		t.Error(err)
	}
}
