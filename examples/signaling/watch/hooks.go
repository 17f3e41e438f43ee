package watch

import (
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// trace returns the hooks for the connection requested by req. opened is called when it has
// been accepted, closed when it has ended.
func (r *Recorder) trace(req *http.Request, opened, closed func()) *websocket.Trace {
	request, key := requestLines(req), req.Header.Get("Sec-WebSocket-Key")
	return &websocket.Trace{
		HandshakeDone: func(c *websocket.Conn) {
			r.begin(&Handshake{request, responseLines(key, c)})
			opened()
		},
		FrameRead:    func(_ *websocket.Conn, f websocket.FrameInfo) { r.frameRead(f) },
		FrameWritten: func(_ *websocket.Conn, f websocket.FrameInfo) { r.frameWritten(f) },
		StateChanged: func(_ *websocket.Conn, from, to conn.State) { r.change(from.String(), to.String()) },
		Closed: func(_ *websocket.Conn, err *websocket.ClosedError) {
			r.end(err)
			closed()
		},
	}
}

func (r *Recorder) begin(h *Handshake) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = time.Now()
	r.add(Event{Kind: kindHandshake, Handshake: h})
	r.wake()
}

func (r *Recorder) frameRead(f websocket.FrameInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.wake()
	if !f.Opcode.IsControl() {
		r.arriving = 0 // nobody has read the previous message
	}
	n := r.add(frameEvent("in", f, ""))
	switch {
	case !f.Opcode.IsControl() && f.FIN:
		r.arriving = n
	case f.Opcode == frame.Close:
		r.awaitWords(n)
	}
}

// Received reports the message whose last frame was read; show formats it. It must be called
// for every message, before the next is read.
func (r *Recorder) Received(p []byte, show func([]byte) string) {
	if r.limit == 0 {
		return
	}
	preview := show(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.preview(r.arriving, preview)
	r.arriving = 0
	r.wake()
}

func (r *Recorder) frameWritten(f websocket.FrameInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.wake()
	switch {
	case !f.Opcode.IsControl() && r.sending.phase == sendingFrame:
		// The engine had taken the frame back to let another go first, and sends it now. It is
		// shown at its first place.
	case !f.Opcode.IsControl():
		r.sending.phase = sendingFrame
		r.add(frameEvent("out", f, r.sending.preview))
	case f.Opcode == frame.Close && r.farewell != nil && r.state == "closed by us":
		r.add(frameEvent("out", f, r.farewell.preview()))
	case f.Opcode == frame.Close:
		r.awaitWords(r.add(frameEvent("out", f, "")))
	default:
		r.add(frameEvent("out", f, ""))
	}
}

// Sending announces the next message to be written, in one frame, until Sent. Messages are
// written one after another.
func (r *Recorder) Sending(p []byte, show func([]byte) string) {
	if r.limit == 0 {
		return
	}
	preview := shorten(show(p))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sending = sending{preview: preview, phase: sendingSoon}
}

// Sent reports that the message has been written.
func (r *Recorder) Sent() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sending = sending{}
}

// Closing announces the content of the next Close frame, unless the peer's arrives before it is
// sent.
func (r *Recorder) Closing(ce websocket.CloseError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.farewell == nil {
		r.farewell = closeInfo(&ce)
	}
}

func (r *Recorder) change(from, to string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.wake()
	r.state = to
	r.add(Event{Kind: kindState, Change: &Change{from, to}})
}

// awaitWords holds a Close frame back until the engine reports its content, at the end.
func (r *Recorder) awaitWords(n int64) {
	if n > 0 {
		r.closes = append(r.closes, n)
	}
}

// preview adds a preview to an earlier event. The caller holds mu.
func (r *Recorder) preview(n int64, preview string) {
	if e := r.at(n); e != nil && e.Frame != nil {
		e.Preview = shorten(preview)
	}
}

func (r *Recorder) end(err *websocket.ClosedError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.wake()
	end := &End{Began: began(err.Began), Clean: err.Clean(), Sent: closeInfo(err.Sent), Received: closeInfo(err.Received)}
	if err.Cause != nil {
		end.Cause = err.Cause.Error()
	}
	for _, n := range r.closes {
		said := end.Sent
		if e := r.at(n); e != nil && e.Dir == "in" {
			said = end.Received
		}
		if said != nil {
			r.preview(n, said.preview())
		}
	}
	r.arriving, r.closes = 0, nil
	r.add(Event{Kind: kindClosed, End: end})
	r.life = recorded
}

func frameEvent(dir string, f websocket.FrameInfo, preview string) Event {
	return Event{Kind: kindFrame, Frame: &Frame{
		Dir: dir, Opcode: f.Opcode.String(), FIN: f.FIN, RSV1: f.RSV1, Masked: f.Masked, Length: f.Length, Preview: preview,
	}}
}

func began(side websocket.Side) string {
	switch side {
	case websocket.SideLocal:
		return "us"
	case websocket.SideRemote:
		return "peer"
	}
	return "nobody"
}

func closeInfo(ce *websocket.CloseError) *CloseInfo {
	if ce == nil {
		return nil
	}
	return &CloseInfo{int(ce.Code), ce.Reason}
}
