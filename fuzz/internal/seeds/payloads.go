package seeds

import (
	"bytes"

	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// Texts returns texts in valid and invalid UTF-8: the rows of internal/vectors, and the
// payloads of text messages in Streams.
func Texts() [][]byte {
	var all [][]byte
	for _, row := range vectors.Texts {
		all = append(all, row.Text)
	}
	messages(func(text, deflated bool, payload []byte) {
		if text && !deflated {
			all = append(all, payload)
		}
	})
	return distinct(all)
}

// Deflated returns payloads of compressed messages as on the wire, without the final 00 00 ff
// ff (RFC 7692 §7.2.1). All but the first of a connection may refer to earlier ones.
func Deflated() [][]byte {
	var all [][]byte
	messages(func(_, deflated bool, payload []byte) {
		if deflated {
			all = append(all, payload)
		}
	})
	return distinct(all)
}

// messages yields the data messages in Streams, even broken ones.
func messages(yield func(text, deflated bool, payload []byte)) {
	for _, s := range Streams() {
		var first naive.Frame
		var payload []byte
		for rest := s.Data; ; {
			f, n := naive.Decode(rest)
			if n == 0 {
				break
			}
			rest = rest[n:]
			switch f.Opcode {
			case 1, 2:
				first, payload = f, nil
			case 0:
			default:
				continue
			}
			payload = append(payload, f.Payload...)
			if f.FIN {
				yield(first.Opcode == 1, s.Deflate && first.RSV1, bytes.Clone(payload))
			}
		}
	}
}

// distinct removes duplicates.
func distinct(all [][]byte) (some [][]byte) {
	seen := map[string]bool{}
	for _, p := range all {
		if !seen[string(p)] {
			seen[string(p)] = true
			some = append(some, p)
		}
	}
	return some
}
