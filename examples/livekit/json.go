package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// jsonLines prints events for programs, one JSON object per line.
type jsonLines struct{ out io.Writer }

// record is one line. Event is dialing, connected, sent, received, disconnected, waiting or
// media, and determines the other fields.
type record struct {
	Time      time.Time       `json:"time"`
	Event     string          `json:"event"`
	URL       string          `json:"url,omitempty"`
	Resume    bool            `json:"resume,omitempty"`
	Extension string          `json:"extension,omitempty"`
	Signal    string          `json:"signal,omitempty"`
	Bytes     int             `json:"bytes,omitempty"`
	Message   json.RawMessage `json:"message,omitempty"` // the whole, as protojson
	RoundTrip float64         `json:"round_trip_ms,omitempty"`
	Error     string          `json:"error,omitempty"`
	Sent      *closing        `json:"close_sent,omitempty"`
	Received  *closing        `json:"close_received,omitempty"`
	Began     string          `json:"began,omitempty"` // which side ended the connection
	WaitFor   float64         `json:"wait_ms,omitempty"`
	State     string          `json:"state,omitempty"` // of the PeerConnection
}

// closing is a Close frame.
type closing struct {
	Code   int    `json:"code"`
	Reason string `json:"reason,omitempty"`
}

func (j *jsonLines) event(e rtc.Event) {
	r := record{Time: time.Now().UTC()}
	switch e := e.(type) {
	case rtc.Dialing:
		r.Event, r.URL, r.Resume = "dialing", e.URL, e.Resume
	case rtc.Connected:
		r.Event = "connected"
		if e.Response != nil {
			r.Extension = e.Response.Header.Get("Sec-WebSocket-Extensions")
		}
	case rtc.Signal:
		r.Event, r.Signal, r.Bytes = e.Direction.String(), rtc.Name(e.Message), e.Size
		r.Message, r.RoundTrip = messageJSON(e.Message), milliseconds(e.RoundTrip)
	case rtc.Disconnected:
		r.disconnected(e.Err)
	case rtc.Waiting:
		r.Event, r.WaitFor = "waiting", milliseconds(e.For)
	}
	j.write(r)
}

func (j *jsonLines) media(state webrtc.PeerConnectionState) {
	j.write(record{Time: time.Now().UTC(), Event: "media", State: state.String()})
}

func (j *jsonLines) write(r record) {
	line, err := json.Marshal(r)
	if err != nil {
		line = fmt.Appendf(nil, `{"event":"error","error":%q}`, err.Error())
	}
	_, _ = j.out.Write(append(line, '\n'))
}

func (r *record) disconnected(err error) {
	r.Event = "disconnected"
	if err != nil {
		r.Error = withoutPrefix(err)
	}
	if ended, ok := errors.AsType[*websocket.ClosedError](err); ok {
		r.Sent, r.Received, r.Began = closeFrame(ended.Sent), closeFrame(ended.Received), ended.Began.String()
	}
}

func closeFrame(c *websocket.CloseError) *closing {
	if c == nil {
		return nil
	}
	return &closing{int(c.Code), c.Reason}
}

// messageJSON returns the JSON form of a message without its secrets. encoding/json removes the
// random spaces that protojson inserts.
func messageJSON(m proto.Message) json.RawMessage {
	p, err := protojson.Marshal(rtc.Redacted(m))
	if err != nil {
		return fmt.Appendf(nil, "%q", err.Error())
	}
	return p
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
