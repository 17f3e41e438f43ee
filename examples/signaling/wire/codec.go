package wire

import "github.com/hawser-ws/websocket"

// Codec is how the messages of a subprotocol are written.
type Codec struct {
	Subprotocol string
	MessageType websocket.MessageType
	form        form
}

// The two codecs differ in how messages are written and in nothing else.
var (
	JSON = &Codec{"signaling.v1.json", websocket.MessageText, jsonForm{}}
	CBOR = &Codec{"signaling.v1.cbor", websocket.MessageBinary, cborForm{}}
)

// Subprotocols are those of the codecs.
var Subprotocols = []string{JSON.Subprotocol, CBOR.Subprotocol}

// BySubprotocol returns the codec of a subprotocol, nil if there is none.
func BySubprotocol(name string) *Codec {
	for _, c := range []*Codec{JSON, CBOR} {
		if c.Subprotocol == name {
			return c
		}
	}
	return nil
}

// form is the grammar of a codec. A raw value is the bytes of one.
type form interface {
	// fields takes a map with text keys apart, into values of their own memory.
	fields(p []byte) (map[string][]byte, error)
	text(raw []byte) (string, error)
	// integer takes one that is not negative.
	integer(raw []byte) (uint64, error)
	// value takes a value apart that both forms can hold: see portable.
	value(raw []byte) (any, error)
	marshal(v any) ([]byte, error)
	// embed has marshal take the bytes as they are.
	embed(raw []byte) any
}

// Encode writes a message to a page.
func (c *Codec) Encode(m ToPage) ([]byte, error) {
	switch m := m.(type) {
	case Welcome:
		return c.form.marshal(struct {
			Type string `json:"type"`
			Welcome
		}{"welcome", m})
	case Peer:
		return c.form.marshal(struct {
			Type string `json:"type"`
			Peer
		}{"peer", m})
	case Gone:
		return c.form.marshal(struct {
			Type string `json:"type"`
			Gone
		}{"gone", m})
	}
	return c.encodeDelivery(m.(Delivery))
}

func (c *Codec) encodeDelivery(m Delivery) ([]byte, error) {
	written := struct {
		Type    string `json:"type"`
		From    string `json:"from"`
		Session uint64 `json:"session"`
		Seq     uint64 `json:"seq,omitempty"`
		Ack     uint64 `json:"ack,omitempty"`
		Data    any    `json:"data,omitempty"`
	}{"signal", m.From, m.Session, m.Seq, m.Ack, nil}
	if !m.Data.Absent() {
		raw, err := m.Data.In(c)
		if err != nil {
			return nil, err
		}
		written.Data = c.form.embed(raw)
	}
	return c.form.marshal(written)
}
