package trace

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
	"github.com/hawser-ws/websocket/cmd/ws/trace/http2"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/frame"
)

// Dir is a direction of travel.
type Dir uint8

// The directions.
const (
	FromClient Dir = iota
	FromServer
)

// Other returns the opposite direction.
func (d Dir) Other() Dir { return 1 - d }

// String returns "c2s" or "s2c".
func (d Dir) String() string {
	if d == FromServer {
		return "s2c"
	}
	return "c2s"
}

// Sender returns the end that sends in this direction: "client" or "server".
func (d Dir) Sender() string {
	if d == FromServer {
		return "server"
	}
	return "client"
}

// MarshalText writes the direction as [Dir.String] does.
func (d Dir) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Dir) UnmarshalText(p []byte) error {
	*d = FromClient
	if string(p) == FromServer.String() {
		*d = FromServer
	}
	return nil
}

// Mark is a place in a capture.
type Mark struct {
	Packet int       `json:"packet"`
	Time   time.Time `json:"time"` // zero if unknown
}

// Since returns the time from start to m, or 0 if either is unknown.
func (m Mark) Since(start time.Time) time.Duration {
	if m.Time.IsZero() || start.IsZero() {
		return 0
	}
	return m.Time.Sub(start)
}

// Kind is what a connection turned out to carry.
type Kind string

// The kinds of connections that are reported. All others are only counted.
const (
	WebSocket      Kind = "websocket"
	Refused        Kind = "refused"        // the Upgrade was not answered with 101
	Unanswered     Kind = "unanswered"     // the answer to the Upgrade is not in the capture
	TLS            Kind = "tls"            // its content cannot be seen
	HTTP2          Kind = "http2"          // each WebSocket in it (RFC 8441) is a conversation of its own
	Unsynchronised Kind = "unsynchronised" // it began before the capture, and no frame boundary can be proven
	NoHandshake    Kind = ""               // nothing to report
)

// Conversation is everything known about a connection once it has ended.
type Conversation struct {
	Stream int `json:"stream"` // the number of the TCP connection in the file, from 0
	// HTTP2Stream is the number of the HTTP/2 stream that the conversation is; 0: it is the whole
	// connection.
	HTTP2Stream uint32 `json:"http2Stream,omitempty"`

	Kind   Kind   `json:"kind"`
	Client string `json:"client"`
	Server string `json:"server"`

	Packets int   `json:"packets"`
	First   Mark  `json:"first"`
	Last    Mark  `json:"last"`
	SYN     *Mark `json:"syn,omitempty"`
	SYNACK  *Mark `json:"synAck,omitempty"`
	ACK     *Mark `json:"ack,omitempty"`

	TLS *Secured `json:"tls,omitempty"`
	// HTTP2 is set for a connection with HTTP/2, if that could be read.
	HTTP2 *HTTP2Conn `json:"http2,omitempty"`

	Request  *Head   `json:"request,omitempty"`
	Response *Head   `json:"response,omitempty"`
	Agreed   *Agreed `json:"agreed,omitempty"`

	// Violations are those of the opening handshake. A frame has its own.
	Violations []Violation `json:"violations,omitempty"`
	Broken     int         `json:"frameViolations,omitempty"` // number of frames with violations

	Closes []CloseSent `json:"closes,omitempty"` // the first of either side, in order
	Ends   []End       `json:"ends,omitempty"`   // the first FIN and the first RST of either side, in order

	Outcome Outcome `json:"outcome,omitempty"` // only for a WebSocket
	GivenUp bool    `json:"givenUp,omitempty"` // it was not followed to its end: see Limits

	C2S Direction `json:"c2s"`
	S2C Direction `json:"s2c"`
}

// Name identifies the conversation in the file: the number of the TCP connection, and after a
// slash that of the HTTP/2 stream.
func (c *Conversation) Name() string { return streamName(c.Stream, c.HTTP2Stream) }

func streamName(connection int, stream uint32) string {
	if stream == 0 {
		return strconv.Itoa(connection)
	}
	return fmt.Sprintf("%d/%d", connection, stream)
}

// Direction has the figures of one side of a conversation.
type Direction struct {
	reassembly.Counts
	Frames   int    `json:"frames"`
	Messages int    `json:"messages"`
	Payload  uint64 `json:"payload"` // bytes in frames
	// Sync says how the first frame boundary was found: "handshake", "proven" or "not
	// synchronised".
	Sync    string `json:"sync,omitempty"`
	Skipped int64  `json:"skipped,omitempty"` // bytes before the first frame boundary that could be proven
	// Unread says why the end of the direction cannot be read. A Close frame may be there. It
	// is empty if everything could be read.
	Unread string `json:"unread,omitempty"`
}

// Direction returns the figures of d.
func (c *Conversation) Direction(d Dir) *Direction {
	if d == FromServer {
		return &c.S2C
	}
	return &c.C2S
}

// Head is the head of a request or a response, and its place in the capture.
type Head struct {
	Mark
	http1.Head
	LastPacket int `json:"lastPacket"`
}

// known reports whether there is a head, and nothing in it is unknown.
func (h *Head) known() bool {
	return h != nil && !slices.ContainsFunc(h.Fields, func(f http1.Field) bool { return f.Name == http2.Unknown })
}

// weight is the memory that the head uses, in bytes. Its lines share one string.
func (h *Head) weight() int {
	if h == nil {
		return 0
	}
	n := 256 + len(h.Line)
	for _, f := range h.Fields {
		n += 64 + len(f.Name) + len(f.Value)
	}
	return n
}

// Agreed is the outcome of the opening handshake.
type Agreed struct {
	Subprotocol string `json:"subprotocol,omitempty"`
	Extensions  string `json:"extensions,omitempty"`
	Deflate     string `json:"deflate,omitempty"` // in words, empty for none
}

// Secured describes the TLS of a connection.
type Secured struct {
	Version   string   `json:"version,omitempty"`
	Name      string   `json:"serverName,omitempty"`
	ALPN      []string `json:"alpn,omitempty"`
	Cipher    string   `json:"cipher,omitempty"`
	Records   [2]int   `json:"records"`
	Decrypted bool     `json:"decrypted"`
	Why       string   `json:"why,omitempty"` // why it is not decrypted
}

// Violation is a broken rule.
type Violation struct {
	By     Dir    `json:"by"`
	RFC    string `json:"rfc"` // "RFC 6455 §5.1"
	Reason string `json:"reason"`
	Code   uint16 `json:"code,omitempty"` // the close code for it
}

// CloseSent is a Close frame.
type CloseSent struct {
	By Dir `json:"by"`
	Mark
	Code   uint16 `json:"code"` // 1005 if the frame has none, 0 if unknown
	Reason string `json:"reason,omitempty"`
	Cut    bool   `json:"cut,omitempty"` // the capture does not have all of it
}

// What can end a stream of HTTP/2, beside what ends the connection.
const (
	EndStream   = "END_STREAM" // of a direction
	ResetStream = "RST_STREAM" // of both
)

// End is how a side ended its direction of TCP or of a stream, or both directions.
type End struct {
	By   Dir    `json:"by"`
	What string `json:"what"` // "FIN" or "RST" of TCP, END_STREAM or RST_STREAM of HTTP/2
	Mark
	Code string `json:"code,omitempty"` // of RST_STREAM, by its name
	// Answers is set if a FIN acknowledges the other side's FIN. Then it was not the first,
	// whatever the order of the packets in the capture.
	Answers bool `json:"answers,omitempty"`

	ack uint32
}

// Frame is one frame.
type Frame struct {
	Dir        Dir    `json:"dir"`
	Index      int    `json:"index"`  // in its direction, from 1
	Offset     int64  `json:"offset"` // of its first byte in its direction of the connection
	Mark              // of its first byte
	LastPacket int    `json:"lastPacket"`
	FIN        bool   `json:"fin"`
	RSV        uint8  `json:"rsv"` // RSV1 is 4, RSV2 is 2, RSV3 is 1
	Opcode     string `json:"opcode"`
	Masked     bool   `json:"masked"`
	Key        string `json:"key,omitempty"`
	Length     uint64 `json:"length"`
	Missing    uint64 `json:"missing,omitempty"` // bytes of payload that are not in the capture
	SHA256     string `json:"sha256,omitempty"`  // of the unmasked payload, if nothing is missing

	Close      *frameClose   `json:"close,omitempty"`
	Kind       string        `json:"kind,omitempty"`
	Preview    string        `json:"preview,omitempty"`
	Message    *Message      `json:"message,omitempty"` // the message that ends with this frame
	RTT        time.Duration `json:"rtt,omitempty"`     // of a pong: the time since its ping
	Violations []Violation   `json:"violations,omitempty"`
	Unfinished bool          `json:"unfinished,omitempty"` // the capture or the connection ends inside it
}

type frameClose struct {
	Code   uint16 `json:"code"`
	Reason string `json:"reason"`
}

// Message is a whole message, after decompression.
type Message struct {
	Index      int    `json:"index"` // in its direction, from 1
	Type       string `json:"type"`
	Compressed bool   `json:"compressed"`
	Fragments  int    `json:"fragments"`
	Wire       uint64 `json:"wireLength"`
	Length     uint64 `json:"length"`
	SHA256     string `json:"sha256,omitempty"`
	Unreadable string `json:"unreadable,omitempty"` // why there is no Length and no SHA256
	// ICE lists the names that the message announces for its sender: the username fragments of
	// an SDP in it (RFC 8839 §5.4).
	ICE []string `json:"ice,omitempty"`
}

// Note is a remark about a conversation outside its frames.
type Note struct {
	Mark
	Dir  Dir    `json:"dir"`
	Text string `json:"text"`
	// Violation is set if the remark is that a rule of HTTP/2 is broken.
	Violation *Violation `json:"violation,omitempty"`
}

// Event is a Frame or a Note.
type Event struct {
	Frame *Frame `json:"frame,omitempty"`
	Note  *Note  `json:"note,omitempty"`
}

// opcodeName returns the name of an opcode in a table of frames.
func opcodeName(o frame.Opcode) string {
	if o == frame.Continuation {
		return "cont"
	}
	return o.String()
}

func violation(by Dir, v *frame.Violation) Violation {
	rfc := v.RFC
	if rfc == 0 {
		rfc = 6455
	}
	return Violation{By: by, RFC: fmt.Sprintf("RFC %d §%s", rfc, v.Section), Reason: v.Reason, Code: v.Code}
}
