package show

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// Step is one step in the end of a conversation.
type Step struct {
	trace.Mark
	Dir  trace.Dir
	What string // "Close 1000", "FIN", "RST"
	Text string // what it means
}

// Closing returns the steps in which a conversation ended, and a verdict on them.
func Closing(c *trace.Conversation) (steps []Step, verdict string) {
	for i, s := range c.Closes {
		steps = append(steps, Step{Mark: s.Mark, Dir: s.By, What: closeWords(&s), Text: closeMeans(c, i)})
	}
	for i, e := range c.Ends {
		steps = append(steps, Step{Mark: e.Mark, Dir: e.By, What: endWords(&e), Text: endMeans(c, i)})
	}
	return steps, verdictOf(c)
}

// closeWords describes a Close frame in a few words.
func closeWords(s *trace.CloseSent) string {
	words := "Close"
	switch {
	case s.Code == 1005:
		words += " without a code"
	case s.Code != 0 || !s.Cut:
		words += fmt.Sprintf(" %d", s.Code)
	}
	if s.Reason != "" {
		words += " " + payload.Visible(s.Reason)
	}
	if s.Cut {
		words += " (the capture has not all of it)"
	}
	return words
}

// closeMeans explains Close frame i of a conversation.
func closeMeans(c *trace.Conversation, i int) string {
	s := c.Closes[i]
	switch {
	case i > 0 && s.Since(c.Closes[0].Time) < 0: // packets of two devices, or a clock that was set back
		return "the " + s.By.Sender() + " answers; or begins, as it is earlier by its time"
	case i > 0:
		return fmt.Sprintf("the %s answers after %s", s.By.Sender(), milliseconds(s.Since(c.Closes[0].Time)))
	case len(c.Closes) > 1 && c.Closes[1].Since(s.Time) < 0:
		return "the " + s.By.Sender() + " begins the closing handshake; or answers, as it is later by its time"
	case !c.Closed(s.By.Other()) && c.Direction(s.By.Other()).Unread != "":
		return "the " + s.By.Sender() + " begins the closing handshake, or answers a Close frame that cannot be seen"
	}
	return "the " + s.By.Sender() + " begins the closing handshake"
}

// endWords names the end of a conversation.
func endWords(e *trace.End) string {
	if e.Code != "" {
		return e.What + " " + e.Code
	}
	return e.What
}

// carrier is what carries a conversation.
func carrier(c *trace.Conversation) string {
	if c.HTTP2Stream != 0 {
		return "the stream"
	}
	return "TCP"
}

// endMeans explains FIN or RST i of a conversation.
func endMeans(c *trace.Conversation, i int) string {
	e := c.Ends[i]
	switch {
	case e.What == "RST":
		return "the " + e.By.Sender() + " resets the connection"
	case e.What == trace.ResetStream:
		return "the " + e.By.Sender() + " resets the stream"
	case i > 0:
		return ""
	case e.What == trace.EndStream:
		return "the " + e.By.Sender() + " ends the stream first"
	case e.Answers:
		return "the " + e.By.Sender() + " closes TCP after the " + e.By.Other().Sender() + ", whose FIN the capture does not show before this one"
	case e.By == trace.FromClient && len(c.Closes) == 2:
		return "the client closes TCP first (RFC 6455 §7.1.1 leaves that to the server)"
	}
	return "the " + e.By.Sender() + " closes TCP first"
}

// verdictOf says how a conversation ended. It blames no side for what the capture does not
// show.
func verdictOf(c *trace.Conversation) string {
	switch c.Outcome {
	case trace.Clean:
		return "clean: a Close frame each way"
	case trace.NotClean:
		return uncleanWords(c)
	case trace.NotKnown:
		return unknownWords(c)
	case trace.Open:
		return openWords(c)
	}
	return "" // not a WebSocket
}

func uncleanWords(c *trace.Conversation) string {
	if len(c.Closes) == 1 {
		by := c.Closes[0].By.Sender()
		return "not clean (1006 to the " + by + "): the Close frame of the " + by + " is not answered"
	}
	for _, d := range []trace.Dir{trace.FromClient, trace.FromServer} {
		if !c.Ended(d) || c.Direction(d).Unread != "" {
			return "not clean (1006 to the " + d.Sender() + "): the " + d.Other().Sender() + " ends " + carrier(c) + " without a Close frame"
		}
	}
	return "not clean (1006 to both): " + carrier(c) + " ends without a Close frame"
}

func unknownWords(c *trace.Conversation) string {
	var why []string
	if of := c.C2S.Unread; len(c.Closes) == 0 && of != "" && of == c.S2C.Unread {
		return "not known: " + of + ", and either side may have sent a Close frame"
	}
	for _, d := range []trace.Dir{trace.FromClient, trace.FromServer} {
		if s := c.Direction(d); s.Unread != "" && !c.Closed(d) {
			why = append(why, s.Unread+", and the "+d.Sender()+" may have sent a Close frame")
		}
	}
	return "not known: " + strings.Join(why, "; ")
}

func openWords(c *trace.Conversation) string {
	s := "open: the capture ends before the conversation"
	if c.GivenUp {
		s = "open: it was given up before its end"
	}
	if len(c.Closes) == 1 {
		s += "; the Close frame of the " + c.Closes[0].By.Sender() + " is not answered yet"
	}
	return s
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

// FigureWords describes a direction of a conversation in figures.
func FigureWords(c *trace.Conversation, d trace.Dir) string {
	f := c.Direction(d)
	s := fmt.Sprintf("%s: ", d.Sender())
	if c.Kind == trace.WebSocket {
		s += fmt.Sprintf("%s, %s, %s of payload; ", count(f.Frames, "frame"), count(f.Messages, "message"), count(f.Payload, "octet"))
	}
	unit := "segment"
	if c.HTTP2Stream != 0 {
		unit = "DATA frame"
	}
	s += fmt.Sprintf("%s in %s", count(f.Delivered, "octet"), count(f.Segments, unit))
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
