package tlsrecord

import (
	"crypto/tls"
	"time"
)

// The types of records, and of the handshake messages used here (RFC 8446 §4, §5.1).
const (
	recordChangeCipher = 20
	recordAlert        = 21
	recordHandshake    = 22
	recordData         = 23

	msgClientHello = 1
	msgServerHello = 2

	msgEncryptedExtensions = 8

	msgKeyUpdate = 24

	maxRecord    = 16384 + 2048
	maxHandshake = 64 << 10
)

// Data is the application data of one record.
type Data struct {
	Plain  []byte
	Packet int // in which the record began
	Time   time.Time
}

// Session follows the TLS of one connection. Direction 0 is the client's.
type Session struct {
	Info
	Records   [2]int
	Decrypted bool   // some application data was decrypted
	Why       string // why something was not decrypted

	keys *KeyLog
	data func(dir int, d Data)
	dirs [2]direction
	made bool // secrets were looked up
}

type direction struct {
	record    []byte // so far
	packet    int
	time      time.Time
	stopped   string  // why reading has stopped; "" while it goes on
	handshake []byte  // unencrypted messages, so far
	encrypted bool    // TLS 1.2: ChangeCipherSpec was received
	opener    *opener // current
	traffic   *opener // TLS 1.3: for application data, while opener is that of the handshake
}

// New returns a Session that calls data for the application data that it can decrypt.
func New(keys *KeyLog, data func(dir int, d Data)) *Session {
	return &Session{keys: keys, data: data}
}

// Weight is the memory that the session uses, in bytes.
func (s *Session) Weight() int {
	n := 4096
	for i := range s.dirs {
		n += cap(s.dirs[i].record) + cap(s.dirs[i].handshake)
	}
	return n
}

// Lost records missing bytes. Nothing after them in this direction can be read.
func (s *Session) Lost(dir int) {
	s.stop(dir, "bytes are missing in the capture")
}

// Stopped says why a direction is no longer read, or returns "" while it is.
func (s *Session) Stopped(dir int) string { return s.dirs[dir].stopped }

func (s *Session) stop(dir int, why string) {
	if s.dirs[dir].stopped == "" {
		s.dirs[dir].stopped = why
	}
	s.why(why)
}

func (s *Session) why(text string) {
	if s.Why == "" {
		s.Why = text
	}
}

// Feed processes bytes of a packet.
func (s *Session) Feed(dir int, p []byte, packet int, at time.Time) {
	d := &s.dirs[dir]
	for len(p) > 0 && d.stopped == "" {
		if len(d.record) == 0 {
			d.packet, d.time = packet, at
		}
		want := 5
		if len(d.record) >= 5 {
			want += int(d.record[3])<<8 + int(d.record[4])
		}
		n := min(len(p), want-len(d.record))
		d.record = append(d.record, p[:n]...)
		p = p[n:]
		if len(d.record) < 5 {
			return
		}
		size := int(d.record[3])<<8 + int(d.record[4])
		if d.record[0] < recordChangeCipher || d.record[0] > recordData+1 || d.record[1] != 3 || size > maxRecord {
			s.stop(dir, "what follows is not TLS")
			return
		}
		if len(d.record) == 5+size {
			s.Records[dir]++
			s.take(dir, d.record[:5], d.record[5:])
			d.record = d.record[:0]
		}
	}
}

// take processes a whole record.
func (s *Session) take(dir int, head, body []byte) {
	d := &s.dirs[dir]
	switch {
	case head[0] == recordChangeCipher:
		d.encrypted = s.Version != tls.VersionTLS13 || !s.server
		return
	case head[0] == recordHandshake && (!d.encrypted || !s.server):
		s.messages(dir, body)
		return
	case head[0] == recordAlert && !d.encrypted && s.Version != tls.VersionTLS13:
		return
	}
	s.secrets()
	if s.Why != "" && !s.Decrypted {
		return
	}
	plain, kind, ok := d.opener.open(head, body)
	if !ok && d.traffic != nil {
		if plain, kind, ok = d.traffic.open(head, body); ok {
			d.opener, d.traffic = d.traffic, nil
		}
	}
	switch {
	case !ok && d.traffic != nil: // from a handshake without its secret, or early data
	case !ok:
		s.stop(dir, "a record does not fit the secrets")
	case kind == recordData:
		s.Decrypted = true
		if len(plain) > 0 {
			s.data(dir, Data{plain, d.packet, d.time})
		}
	case kind == recordHandshake && !d.opener.old:
		s.sealed(d, plain)
	}
}

// sealed processes an encrypted TLS 1.3 record of handshake messages. It looks only at the
// first message: those used here come first in their record.
func (s *Session) sealed(d *direction, p []byte) {
	f := &fields{p: p}
	kind, body := f.number(1), f.list(3)
	switch {
	case body.bad || f.bad:
	case kind == msgEncryptedExtensions && d == &s.dirs[1]:
		s.encryptedExtensions(body.p)
	case kind == msgKeyUpdate && d.traffic == nil:
		d.opener = d.opener.next()
	}
}

// messages processes unencrypted handshake messages.
func (s *Session) messages(dir int, p []byte) {
	d := &s.dirs[dir]
	d.handshake = append(d.handshake, p...)
	for len(d.handshake) >= 4 {
		kind, size := d.handshake[0], 4+(int(d.handshake[1])<<16|int(d.handshake[2])<<8|int(d.handshake[3]))
		if len(d.handshake) < size {
			break
		}
		body := d.handshake[4:size]
		switch {
		case kind == msgClientHello && dir == 0:
			s.clientHello(body)
		case kind == msgServerHello && dir == 1:
			s.serverHello(body)
		}
		d.handshake = d.handshake[size:]
	}
	if len(d.handshake) > maxHandshake {
		s.stop(dir, "a handshake message is too long")
	}
	if len(d.handshake) == 0 {
		d.handshake = nil
	}
}

// secrets looks up the secrets of the connection, once.
func (s *Session) secrets() {
	if s.made || !s.server {
		return
	}
	s.made = true
	of := suiteOf(s.Cipher)
	switch {
	case !s.client:
		s.why("the ClientHello is not in the capture")
		return
	case s.keys.empty() != "":
		s.why(s.keys.empty())
		return
	}
	if s.Version == tls.VersionTLS13 {
		for i, side := range []string{"CLIENT", "SERVER"} {
			d := &s.dirs[i]
			d.opener = newOpener13(of, s.keys.find(side+"_HANDSHAKE_TRAFFIC_SECRET", s.clientRandom))
			d.traffic = newOpener13(of, s.keys.find(side+"_TRAFFIC_SECRET_0", s.clientRandom))
		}
		if s.dirs[0].traffic == nil || s.dirs[1].traffic == nil {
			s.absent(of)
		}
		return
	}
	master := s.keys.find("CLIENT_RANDOM", s.clientRandom)
	if s.dirs[0].opener, s.dirs[1].opener = newOpeners12(of, master, s.clientRandom, s.serverRandom); s.dirs[0].opener == nil {
		s.absent(of)
	}
}

func (s *Session) absent(of *suite) {
	if of == nil {
		s.why("the cipher suite is not one that is decrypted here")
		return
	}
	s.why("the secrets of this connection are not in the key log")
}
