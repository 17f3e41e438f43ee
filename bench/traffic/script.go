package traffic

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/flate"

	"github.com/hawser-ws/websocket/bench/raw"
)

// Window is the largest window of RFC 7692, in bytes.
const Window = 1 << 15

// A Script is what a client sends repeatedly: messages, and the frames that carry them, masked
// and compressed in advance. With context takeover a message refers to earlier ones. So there
// are two rounds of frames: the first one, and one that can be repeated forever, because from
// then on the window always contains the same bytes.
type Script struct {
	messages [][]byte
	terms    raw.Terms
	frames   [2][][]byte
	history  []byte // two rounds of messages, for the window before any of them
	starts   []int  // where each message of the second round begins in history
}

// NewScript makes the frames for the terms of a connection.
func NewScript(messages [][]byte, terms raw.Terms) (*Script, error) {
	s := &Script{messages: messages, terms: terms}
	c, err := newCompressor(terms)
	if err != nil {
		return nil, err
	}
	key := source(1)
	for round := range s.frames {
		for _, m := range messages {
			payload, err := c.compress(m)
			if err != nil {
				return nil, err
			}
			n := key.next()
			mask := [4]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
			s.frames[round] = append(s.frames[round], raw.AppendFrame(nil, raw.Text, terms.Deflate, mask, payload))
			if round == 1 {
				s.starts = append(s.starts, len(s.history))
			}
			s.history = append(s.history, m...)
		}
	}
	if total := len(s.history) / 2; total < Window {
		return nil, fmt.Errorf("the messages have %d bytes together: too few to fill a window", total)
	}
	return s, nil
}

// Frame returns the frame of message i of a connection.
func (s *Script) Frame(i int) []byte {
	if i < len(s.messages) {
		return s.frames[0][i]
	}
	return s.frames[1][i%len(s.messages)]
}

// Message returns message i of a connection.
func (s *Script) Message(i int) []byte { return s.messages[i%len(s.messages)] }

// before returns the content of a window of bits before message i.
func (s *Script) before(i, bits int) []byte {
	second := s.starts[0]
	if i < len(s.messages) { // nothing precedes the first round
		end := s.starts[i] - second
		return s.history[max(0, end-1<<bits):end]
	}
	end := s.starts[i%len(s.messages)]
	return s.history[end-1<<bits : end]
}

// A compressor makes payloads as a client does, with the effort of a browser.
type compressor struct {
	terms raw.Terms
	w     *flate.Writer
	out   bytes.Buffer
}

const clientLevel = 7

func newCompressor(terms raw.Terms) (*compressor, error) {
	c := &compressor{terms: terms}
	if !terms.Deflate {
		return c, nil
	}
	var err error
	if bits := terms.Client.Bits; bits < 15 {
		c.w, err = flate.NewWriterWindow(&c.out, 1<<bits)
	} else {
		c.w, err = flate.NewWriter(&c.out, clientLevel)
	}
	return c, err
}

// compress follows RFC 7692 §7.2.1. The result is valid until the next call.
func (c *compressor) compress(m []byte) ([]byte, error) {
	if !c.terms.Deflate {
		return m, nil
	}
	c.out.Reset()
	if c.terms.Client.NoTakeover {
		c.w.Reset(&c.out)
	}
	if _, err := c.w.Write(m); err != nil {
		return nil, err
	}
	if err := c.w.Flush(); err != nil {
		return nil, err
	}
	payload, ok := bytes.CutSuffix(c.out.Bytes(), []byte{0, 0, 0xFF, 0xFF})
	if !ok {
		return nil, fmt.Errorf("a compressed message ends with % x", payload[max(0, len(payload)-4):])
	}
	return payload, nil
}
