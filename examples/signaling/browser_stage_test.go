//go:build unix

package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

var screenshots = flag.String("screenshots", "", "directory to which TestBrowsers writes what the pages look like")

// TestBrowsers plays scenes with two browsers and real servers. The browsers
// are the same in all of them, and nothing else is: each has servers of its own.
func TestBrowsers(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) }) // the last of all
	s := &stage{t: t, program: build(t)}
	s.ann, s.bob = launch(t, "Ann"), launch(t, "Bob")
	for _, scene := range []struct {
		name string
		play func(*testing.T, *stage)
	}{
		{"call", sceneCall},
		{"glare", sceneGlare},
		{"browser killed", sceneBrowserKilled},
		{"page reloaded", scenePageReloaded},
		{"server restarted", sceneServerRestarted},
		{"two servers, cluster", sceneCluster},
		{"two servers, NATS", sceneNATS},
		{"TLS", sceneTLS},
		{"trace", sceneTrace},
		{"room full", sceneRoomFull},
	} {
		t.Run(scene.name, func(t *testing.T) {
			defer s.clear(t) // before the servers end
			scene.play(t, s)
		})
	}
}

// A stage is what the scenes share.
type stage struct {
	t        *testing.T // of all scenes
	program  string
	ann, bob *chromium
}

// clear ends what the pages do, and tells what went wrong on them.
func (s *stage) clear(t *testing.T) {
	for _, b := range []*chromium{s.ann, s.bob} {
		if t.Failed() {
			s.show(t, b, "failed")
		}
		b.tell(t)
		if b.ctx.Err() == nil {
			b.open(t, "about:blank")
		}
	}
}

// show writes a screenshot, if they are wanted.
func (s *stage) show(t *testing.T, b *chromium, what string) {
	t.Helper()
	if *screenshots == "" || b.ctx.Err() != nil {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Errorf("%s's page has no picture: %v", b.name, err)
		return
	}
	scene := t.Name()[strings.Index(t.Name(), "/")+1:]
	name := strings.NewReplacer("/", "-", ",", "", "_", "-").Replace(scene + " " + what + " " + b.name + ".png")
	if err := os.WriteFile(filepath.Join(*screenshots, strings.ReplaceAll(name, " ", "-")), png, 0o644); err != nil {
		t.Error(err)
	}
}

// meet has both pages open a room, each at its own address, until they are in
// a call, and returns their identities.
func (s *stage) meet(t *testing.T, annAt, bobAt string) (ann, bob string) {
	t.Helper()
	s.ann.open(t, annAt)
	ann = s.ann.in(t, "waiting").Self
	s.bob.open(t, bobAt)
	bob = s.bob.in(t, "call").Self
	s.inCall(t, ann, bob)
	return ann, bob
}

// inCall waits until both are in the call, seen by the other as who they are.
func (s *stage) inCall(t *testing.T, ann, bob string) {
	t.Helper()
	if v := s.ann.inCallWith(t, bob); v.Self != ann {
		t.Errorf("Ann was %s and has become %s", ann, v.Self)
	}
	if v := s.bob.inCallWith(t, ann); v.Self != bob {
		t.Errorf("Bob was %s and has become %s", bob, v.Self)
	}
}
