package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/hawser-ws/websocket"
)

// patience is how long the page may take to show what it should, on a slow machine.
const patience = 30 * time.Second

// The page in Chromium: whatever is behind the #, there is a room of that name, and
// what one types into stays in sight.
func TestPage(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: apt-get install chromium")
	}
	all, end := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // which does not work as root, as CI runs
		chromedp.DisableGPU,
		chromedp.WindowSize(800, 600),
	)...)
	defer end()
	browser, quit := chromedp.NewContext(all)
	defer quit()

	for _, test := range []struct {
		hash, room string
		change     func(*chat)
	}{
		{"", "lobby", (*chat).useLoop},
		{"#caf%C3%A9/bar", "café/bar", func(*chat) {}},
		{"#100%", "100%", (*chat).useLoop},
	} {
		t.Run(test.room, func(t *testing.T) {
			chat := newChat()
			test.change(chat)
			server := httptest.NewServer(chat.routes())
			defer server.Close()
			c, _, err := websocket.Dial(t.Context(), server.URL+"/rooms/"+url.PathEscape(test.room), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()

			tab, leave := chromedp.NewContext(browser)
			defer leave()
			thrown := make(chan string, 16)
			if err := chromedp.Listen(tab, func(event any) {
				if e, ok := event.(*runtime.EventExceptionThrown); ok {
					thrown <- e.ExceptionDetails.Text + " " + e.ExceptionDetails.Exception.Description
				}
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := chromedp.Run(tab, chromedp.NavigateResponse(server.URL+"/"+test.hash)); err != nil {
				t.Fatal(err)
			}
			see := func(text string) {
				t.Helper()
				const there = `new Promise(done => {
					const log = document.getElementById("log")
					const look = () => log.lastElementChild?.textContent === %q && done(true)
					new MutationObserver(look).observe(log, {childList: true})
					look()
				})`
				seen := make(chan error, 1)
				ctx, cancel := context.WithTimeout(tab, patience)
				defer cancel()
				go func() {
					_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(there, text), chromedp.EvalAwaitPromise))
					seen <- err
				}()
				select {
				case err := <-seen:
					if err != nil {
						t.Fatalf("the page does not show %q: %v", text, err)
					}
				case what := <-thrown:
					t.Fatal("the page throws ", what)
				}
			}
			see("You are in the room “" + test.room + "”.")

			say(t, c, "ahoy")
			see("ahoy")
			hear(t, c, "ahoy")
			if _, err := chromedp.Run(tab, chromedp.Evaluate[chromedp.Void](`{
				document.getElementById("text").value = "ahoy yourself"
				document.getElementById("form").requestSubmit()
			}`)); err != nil {
				t.Fatal(err)
			}
			hear(t, c, "ahoy yourself")

			for i := range 40 {
				say(t, c, fmt.Sprint("line ", i))
			}
			see("line 39")
			const inSight = `["#text", "#log li:last-child"].filter(what => {
				const box = document.querySelector(what).getBoundingClientRect()
				return box.top < 0 || box.bottom > innerHeight
			})`
			hidden, err := chromedp.Run(tab, chromedp.Evaluate[[]string](inSight))
			if err != nil {
				t.Fatal(err)
			}
			if len(hidden) > 0 {
				t.Errorf("out of sight: %s", strings.Join(hidden, ", "))
			}
		})
	}
}
