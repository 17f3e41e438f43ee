package h2

import (
	"iter"
	"slices"
	"time"
)

// Role says which end of the connection this is.
type Role uint8

const (
	Client Role = iota // opens streams
	Server             // answers them
)

// String returns "client" or "server".
func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}

func (r Role) peer() Role { return Server - r }

// Preface is what a client sends first (RFC 9113 §3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

const (
	// DefaultMaxStreams is how many streams a client may have at a time.
	DefaultMaxStreams = 250
	// DefaultStreamWindow is how much of a stream may wait to be read.
	DefaultStreamWindow = initialWindow
	// DefaultConnWindow is how much may be on its way to us, over all streams: what a fast
	// link holds in one round trip.
	DefaultConnWindow = 1 << 20
	// mostHeadBytes bounds Config.HeadBytes.
	mostHeadBytes = 1 << 20
	// DefaultSettingsTimeout is how long a peer may take to say and to acknowledge settings.
	DefaultSettingsTimeout = 10 * time.Second
)

// Config is what an [Endpoint] needs to know. Zero values mean the defaults.
type Config struct {
	// MaxStreams is how many streams of a client may be in use at a time. A socket keeps its slot
	// for as long as it is open, which may be hours.
	MaxStreams uint32
	// StreamWindow is how much DATA of one stream the shell keeps, in bytes. Default: 65,535,
	// with which HTTP/2 begins. At most 1<<31 - 1. Until the peer has acknowledged our settings
	// it is at least the default.
	StreamWindow uint32
	// ConnWindow is how much DATA may be on its way, in bytes. At least 65,535.
	ConnWindow uint32
	// HeadBytes is how large a head may be, in bytes, either way: see DefaultHeadBytes. A larger
	// one ends the stream, or the connection if it is larger before it is decoded. At most 1 MiB.
	HeadBytes uint32
	// SettingsTimeout: see DefaultSettingsTimeout.
	SettingsTimeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.MaxStreams == 0 {
		c.MaxStreams = DefaultMaxStreams
	}
	if c.StreamWindow == 0 {
		c.StreamWindow = DefaultStreamWindow
	}
	c.StreamWindow = min(c.StreamWindow, maxWindow)
	if c.ConnWindow == 0 {
		c.ConnWindow = DefaultConnWindow
	}
	c.ConnWindow = min(max(c.ConnWindow, initialWindow), maxWindow)
	if c.HeadBytes == 0 {
		c.HeadBytes = DefaultHeadBytes
	}
	c.HeadBytes = min(c.HeadBytes, mostHeadBytes)
	if c.SettingsTimeout == 0 {
		c.SettingsTimeout = DefaultSettingsTimeout
	}
	return c
}

// Endpoint is one end of an HTTP/2 connection, without I/O. Package documentation says what a
// shell does. Calls must not overlap. The zero value is ready for Init.
type Endpoint struct {
	role Role
	cfg  Config

	receiver
	blocks blocks
	table  table
	peer   Settings // what it has announced
	settle settle
	in     inflow  // window of the connection
	out    outflow // window of the connection
	outbox outbox
	ring   ring
	flood  flood
	reply  replies
	going  going
	err    *ConnError // why it is over; nil: it is not
}

// settle is where the exchange of settings stands (RFC 9113 §6.5.3).
type settle struct {
	deadline time.Time // for what is missing
	acked    step      // the peer has acknowledged ours
	heard    step      // it has said its own
}

// step is whether something has happened.
type step uint8

const (
	awaited step = iota
	done
)

// Init begins a connection. The preface and our settings are the first of Pending.
func (e *Endpoint) Init(role Role, cfg Config, now time.Time) {
	*e = Endpoint{role: role, cfg: cfg.withDefaults(), peer: initialSettings}
	e.blocks.init(int(e.cfg.HeadBytes))
	e.flood.init(now, e.cfg.MaxStreams)
	e.settle.deadline = now.Add(e.cfg.SettingsTimeout)
	e.in.left, e.out = initialWindow, initialWindow
	e.going = going{said: maxStreamID, heard: maxStreamID}
	if role == Client {
		e.outbox.buf = append(e.outbox.buf, Preface...)
		e.outbox.encoded += uint64(len(Preface))
		e.phase = atHeader
	}
	e.announce()
}

// announce sends our settings, and makes the window of the connection as large as it is to be.
func (e *Endpoint) announce() {
	var payload []byte
	if e.role == Client {
		payload = appendSetting(payload, SettingEnablePush, 0)
	} else {
		payload = appendSetting(payload, SettingConnectProtocol, 1) // RFC 8441 §3
		payload = appendSetting(payload, SettingMaxStreams, e.cfg.MaxStreams)
	}
	// Also if it is the default: lighttpd 1.4.69 takes that to be 65,536.
	payload = appendSetting(payload, SettingInitialWindow, e.cfg.StreamWindow)
	payload = appendSetting(payload, SettingMaxHeaderList, uint32(e.blocks.most))
	e.outbox.frame(FrameHeader{Type: TypeSettings}, payload)
	if more := e.in.refill(int64(e.cfg.ConnWindow)-initialWindow, 0); more > 0 {
		e.appendWindowUpdate(0, more)
	}
}

// Streams are those that were not released, by identifier: for a shell whose connection is over.
func (e *Endpoint) Streams() iter.Seq[*Stream] { return slices.Values(slices.Clone(e.table.streams)) }

// InUse is how many streams there are that were not released.
func (e *Endpoint) InUse() int { return len(e.table.streams) }

// Peer returns the settings of the peer; those of the beginning before it has said any.
func (e *Endpoint) Peer() Settings { return e.peer }

// Heard reports whether the peer has said its settings.
func (e *Endpoint) Heard() bool { return e.settle.heard == done }

// Err returns why the connection is over, nil if it is not.
func (e *Endpoint) Err() error {
	if e.err == nil {
		return nil
	}
	return e.err
}

// Deadline returns when the peer will have taken too long over the settings; the zero time
// means that it owes nothing. The shell calls Expire when it has passed.
func (e *Endpoint) Deadline() time.Time { return e.settle.deadline }

// Expire ends the connection if the deadline has passed. The error is a *ConnError.
func (e *Endpoint) Expire(now time.Time) error {
	if e.settle.deadline.IsZero() || now.Before(e.settle.deadline) || e.err != nil {
		return nil
	}
	return e.die(connError(SettingsTimeout, "6.5.3", "no settings, or no acknowledgement of ours, in %v", e.cfg.SettingsTimeout))
}

// arrived clears the deadline when nothing is missing.
func (s *settle) arrived() {
	if s.acked == done && s.heard == done {
		s.deadline = time.Time{}
	}
}
