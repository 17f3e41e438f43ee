package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/pion/webrtc/v4"
)

// text prints events for people: time, direction, signal, size, and its essential parts.
// Further lines follow indented.
type text struct {
	out io.Writer // write errors are ignored
	sdp bool      // all lines of offers and answers
}

const (
	sent     = "→"
	received = "←"
	aside    = "*" // about the connection
)

func (t *text) event(e rtc.Event) {
	switch e := e.(type) {
	case rtc.Dialing:
		how := "dialing "
		if e.Resume {
			how = "dialing to resume, "
		}
		t.line(aside, how+e.URL)
	case rtc.Connected:
		status := "connected"
		if e.Response != nil {
			status = e.Response.Status
		}
		t.line(aside, status+", "+compression(e.Conn))
	case rtc.Signal:
		t.signal(e)
	case rtc.Disconnected:
		t.line(aside, "disconnected: "+ending(e.Err))
	case rtc.Waiting:
		t.line(aside, fmt.Sprintf("again in %v (%d of %d)", e.For.Round(100*time.Millisecond), e.Attempt, e.Of))
	}
}

// media prints the state of the PeerConnection.
func (t *text) media(state webrtc.PeerConnectionState) {
	t.line(aside, "PeerConnection "+state.String())
}

func (t *text) signal(s rtc.Signal) {
	arrow := sent
	if s.Direction == rtc.Received {
		arrow = received
	}
	lines := describe(s.Message, t.sdp)
	if s.RoundTrip > 0 {
		lines[0] = "round trip " + s.RoundTrip.Round(100*time.Microsecond).String()
	}
	head := fmt.Sprintf("%-17s %5d B  %s", rtc.Name(s.Message), s.Size, lines[0])
	t.line(arrow, head, lines[1:]...)
}

// line prints a line with the time, and the lines that belong to it.
func (t *text) line(mark, head string, more ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", time.Now().Format("15:04:05.000"), mark, strings.TrimRight(oneLine(head), " "))
	for _, line := range more {
		fmt.Fprintf(&b, "%15s%s\n", "", oneLine(line))
	}
	_, _ = io.WriteString(t.out, b.String())
}

// compression describes what the opening handshake agreed on.
func compression(c *websocket.Conn) string {
	terms, ok := c.Compression()
	if !ok {
		return "no compression"
	}
	return terms.String()
}

// ending describes the closing handshake, or what happened instead.
func ending(err error) string {
	ended, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok || ended.Sent == nil && ended.Received == nil {
		return withoutPrefix(err)
	}
	parts := []string{"closed by " + ended.Began.String()}
	if ended.Sent != nil {
		parts = append(parts, sent+" "+frame(ended.Sent))
	}
	if ended.Received != nil {
		parts = append(parts, received+" "+frame(ended.Received))
	}
	if ended.Began == websocket.SideRemote && len(parts) == 3 {
		parts[1], parts[2] = parts[2], parts[1]
	}
	if ended.Cause != nil {
		parts = append(parts, ended.Cause.Error())
	}
	return strings.Join(parts, ", ")
}

func frame(c *websocket.CloseError) string {
	s := fmt.Sprintf("close %d", c.Code)
	if c.Reason != "" {
		s += fmt.Sprintf(" %q", c.Reason)
	}
	return s
}

func withoutPrefix(err error) string {
	if err == nil {
		return "nothing is known"
	}
	return strings.TrimPrefix(err.Error(), "websocket: ")
}
