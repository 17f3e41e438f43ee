package show

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// Step is one step of how a conversation ended.
type Step struct {
	trace.Mark
	Dir  trace.Dir
	What string // "Close 1000", "FIN", "RST"
	Text string // what it means
}

// Closing are the steps in which a conversation ended, and what is to be said about
// it.
func Closing(c *trace.Conversation) (steps []Step, verdict string) {
	for i, s := range c.Closes {
		step := Step{Mark: s.Mark, Dir: s.By, What: "Close"}
		if s.Code == 1005 {
			step.What += " without a code"
		} else {
			step.What += fmt.Sprintf(" %d", s.Code)
			if s.Reason != "" {
				step.What += " " + payload.Visible(s.Reason)
			}
		}
		if i == 0 {
			step.Text = "the " + s.By.Sender() + " begins the closing handshake"
		} else {
			step.Text = fmt.Sprintf("the %s answers after %s", s.By.Sender(), milliseconds(s.Since(c.Closes[0].Time)))
		}
		steps = append(steps, step)
	}
	for i, e := range c.Ends {
		step := Step{Mark: e.Mark, Dir: e.By, What: e.What}
		switch {
		case e.What == "RST":
			step.Text = "the " + e.By.Sender() + " resets the connection"
		case i == 0 && e.By == trace.FromClient && len(c.Closes) == 2:
			step.Text = "the client closes TCP first (RFC 6455 §7.1.1 leaves that to the server)"
		case i == 0:
			step.Text = "the " + e.By.Sender() + " closes TCP first"
		}
		steps = append(steps, step)
	}
	if c.Kind != trace.WebSocket {
		return steps, ""
	}
	switch {
	case len(c.Closes) == 2:
		verdict = "clean: a Close frame each way"
	case len(c.Closes) == 1:
		verdict = "not clean (1006 to the " + c.Closes[0].By.Sender() + "): the Close frame of the " + c.Closes[0].By.Sender() + " is not answered"
	case len(c.Ends) > 0:
		verdict = "not clean (1006 to both): TCP ends without a Close frame"
	default:
		verdict = "open: the capture ends before the conversation"
	}
	return steps, verdict
}

func (p *printer) closing(c *trace.Conversation) {
	steps, verdict := Closing(c)
	if len(steps) == 0 && verdict == "" {
		return
	}
	p.line(faint, " End")
	for _, s := range steps {
		text := s.What
		if s.Text != "" {
			text += ": " + s.Text
		}
		p.at(colour(s.Dir), s.Mark, 0, s.Dir, "%s", text)
	}
	if verdict != "" {
		p.line(bold, "  %s", verdict)
	}
}

func (p *printer) figures(c *trace.Conversation) {
	p.line(faint, " Figures")
	for _, d := range []trace.Dir{trace.FromClient, trace.FromServer} {
		p.line(plain, "  %s", FigureWords(c, d))
	}
}

// FigureWords is a direction of a conversation in figures.
func FigureWords(c *trace.Conversation, d trace.Dir) string {
	f := c.Direction(d)
	s := fmt.Sprintf("%s: ", d.Sender())
	if c.Kind == trace.WebSocket {
		s += fmt.Sprintf("%s, %s, %s of payload; ", count(f.Frames, "frame"), count(f.Messages, "message"), count(f.Payload, "octet"))
	}
	s += fmt.Sprintf("%s in %s", count(f.Delivered, "octet"), count(f.Segments, "segment"))
	for _, odd := range []struct {
		n    int64
		text string
	}{
		{int64(f.OutOfOrder), "segments out of order"},
		{f.Repeated, "octets repeated"},
		{f.Conflicts, "of them different from before"},
		{f.Lost, "octets not in the capture"},
		{f.Skipped, "octets before a provable frame boundary"},
	} {
		if odd.n > 0 {
			s += fmt.Sprintf(", %d %s", odd.n, odd.text)
		}
	}
	switch f.Sync {
	case "proven":
		s += "; first frame boundary proven"
	case "not synchronised":
		s += "; not synchronised"
	}
	return s
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
}
