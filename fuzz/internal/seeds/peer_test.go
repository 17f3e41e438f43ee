package seeds

import (
	"bytes"
	"fmt"
	"net"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/naive"
)

// A patient peer hears what the suite has to say: it accepts every opening
// handshake, echoes messages that follow the rules, answers Ping and Close, and
// finds fault with nothing. When the suite agrees to compress as it asks, messages
// come back as they were compressed, so it demands the same of both directions.
type patient struct {
	conn     net.Conn
	isClient bool

	head    []byte // what the suite sent of the opening handshake
	data    []byte // what it sent after it
	deflate bool
}

// run is over when the suite has ended TCP.
func (p *patient) run(request string) {
	defer p.conn.Close()
	if p.isClient {
		p.write([]byte(request))
	}
	buf := make([]byte, 64<<10)
	heard, opened := 0, false // bytes of p.bytes that were looked at
	var message [][]byte
	for {
		n, err := p.conn.Read(buf)
		if opened {
			p.data = append(p.data, buf[:n]...)
		} else {
			p.head = append(p.head, buf[:n]...)
			if end := bytes.Index(p.head, []byte("\r\n\r\n")); end >= 0 {
				p.data = append(p.data, p.head[end+4:]...)
				p.head = p.head[:end+4]
				opened = true
				p.open()
			}
		}
		for opened && heard < len(p.data) {
			f, n := naive.Decode(p.data[heard:])
			if n == 0 {
				break
			}
			heard += n
			message = p.answer(f, message)
		}
		if err != nil {
			return
		}
	}
}

// open answers a request, or reads the answer to ours.
func (p *patient) open() {
	offer := ""
	key := ""
	for line := range strings.SplitSeq(string(p.head), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "sec-websocket-key":
			key = strings.TrimSpace(value)
		case "sec-websocket-extensions":
			offer, _, _ = strings.Cut(value, ",") // the first of several
		}
	}
	p.deflate = strings.TrimSpace(strings.Split(offer, ";")[0]) == "permessage-deflate"
	if p.isClient {
		return
	}
	agreed := ""
	if p.deflate {
		agreed = "permessage-deflate"
		if strings.Contains(offer, "server_no_context_takeover") {
			agreed += "; server_no_context_takeover; client_no_context_takeover"
		}
		if _, bits, ok := strings.Cut(offer, "server_max_window_bits="); ok && strings.Contains(offer, "client_max_window_bits") {
			bits, _, _ = strings.Cut(bits, ";")
			agreed += "; server_max_window_bits=" + bits + "; client_max_window_bits=" + bits
		}
		agreed = "Sec-WebSocket-Extensions: " + agreed + "\r\n"
	}
	p.write(fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
		handshake.AppendAccept(nil, key), agreed))
}

// answer answers a frame. message has the frames that are to come back once the
// last of them is there.
func (p *patient) answer(f naive.Frame, message [][]byte) [][]byte {
	if len(naive.Broken(f, !p.isClient, p.deflate)) > 0 {
		return message
	}
	f.Masked, f.Key = p.isClient, key
	f.Length, f.Extended = 0, 0
	switch f.Opcode {
	case 8:
		p.write(naive.Encode(f))
		return nil
	case 9:
		f.Opcode = 10
		p.write(naive.Encode(f))
		return message
	case 10:
		return message
	}
	if (f.Opcode == 0) == (message == nil) {
		return nil
	}
	if message = append(message, naive.Encode(f)); !f.FIN {
		return message
	}
	for _, frame := range message {
		p.write(frame)
	}
	return nil
}

// write may fail: that the suite is gone is seen when reading.
func (p *patient) write(data []byte) { _, _ = p.conn.Write(data) }
