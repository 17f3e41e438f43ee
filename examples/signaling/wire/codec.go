package wire

import "github.com/hawser-ws/websocket"

// Codec is the encoding of a subprotocol.
type Codec struct {
	Subprotocol string
	MessageType websocket.MessageType
	form        form
}

// The two codecs differ only in the encoding of messages.
var (
	JSON = &Codec{"signaling.v1.json", websocket.MessageText, jsonForm{}}
	CBOR = &Codec{"signaling.v1.cbor", websocket.MessageBinary, cborForm{}}
)

// Subprotocols has the subprotocols of the codecs.
var Subprotocols = []string{JSON.Subprotocol, CBOR.Subprotocol}

// BySubprotocol returns the codec of a subprotocol, or nil if there is none.
func BySubprotocol(name string) *Codec {
	for _, c := range []*Codec{JSON, CBOR} {
		if c.Subprotocol == name {
			return c
		}
	}
	return nil
}

// form is the grammar of a codec. A raw value is its encoded bytes.
type form interface {
	// fields splits a map with text keys into values that do not share memory with p.
	fields(p []byte) (map[string][]byte, error)
	text(raw []byte) (string, error)
	// integer decodes a non-negative integer.
	integer(raw []byte) (uint64, error)
	// value decodes a value that both encodings can represent: see portable.
	value(raw []byte) (any, error)
	marshal(v any) ([]byte, error)
	// embed makes marshal write the bytes unchanged.
	embed(raw []byte) any
}

// Encode encodes a message to a page.
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
