package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/corpus"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// sizes are the groups of chapters 12 and 13, in order.
var sizes = []struct {
	length   int // characters of a text, bytes of a binary message
	fragment int // maximum bytes in a frame; 0 for no limit
	patience time.Duration
}{
	{16, 0, 60}, {64, 0, 60}, {256, 0, 120}, {1024, 0, 240}, {4096, 0, 480},
	{8192, 0, 480}, {16384, 0, 480}, {32768, 0, 480}, {65536, 0, 480}, {131072, 0, 480},
	{8192, 256, 480}, {16384, 256, 480}, {32768, 256, 480}, {65536, 256, 480},
	{131072, 256, 480}, {131072, 1024, 480}, {131072, 4096, 480}, {131072, 32768, 480},
}

// chapter12: permessage-deflate (RFC 7692) with payloads of five kinds, on the peer's default
// terms.
func chapter12() (cases []*play.Case) {
	for i, data := range []func() *corpus.Corpus{corpus.JSON, corpus.Image, corpus.Prose, corpus.HTML, corpus.Document} {
		cases = append(cases, compressed(fmt.Sprintf("12.%d", i+1), data, &play.Negotiation{Wishes: []play.Wish{{}}})...)
	}
	return cases
}

// chapter13: permessage-deflate with parameters.
func chapter13() (cases []*play.Case) {
	for i, wishes := range [][]play.Wish{
		{{}},
		{{NoTakeover: true}},
		{{Bits: 9}},
		{{Bits: 15}},
		{{NoTakeover: true, Bits: 9}},
		{{NoTakeover: true, Bits: 15}},
		{{NoTakeover: true, Bits: 9}, {NoTakeover: true}, {}},
	} {
		cases = append(cases, compressed(fmt.Sprintf("13.%d", i+1), corpus.JSON, &play.Negotiation{Wishes: wishes})...)
	}
	return cases
}

// compressed returns a group of cases, one for each of sizes.
func compressed(group string, data func() *corpus.Corpus, n *play.Negotiation) (cases []*play.Case) {
	for i, size := range sizes {
		frames := ""
		if size.fragment > 0 {
			frames = fmt.Sprintf(" in frames of at most %d bytes", size.fragment)
		}
		patience := size.patience * time.Second
		cases = append(cases, &play.Case{
			ID:          fmt.Sprintf("%s.%d", group, i+1),
			Description: fmt.Sprintf("1,000 compressed messages of %d characters%s, each sent when the one before has come back. %s", size.length, frames, n),
			Expectation: fmt.Sprintf("All come back within %v. The suite closes.", patience),
			Heavy:       true,
			Offer:       n,
			Begin: func() play.Play {
				c := data()
				return &play.Rounds{
					Binary:     c.Binary,
					Patience:   patience,
					Compressed: true,
					Fragment:   size.fragment,
					Next:       func(dst []byte, i int) []byte { return c.Cut(dst, i, size.length) },
				}
			},
		})
	}
	return cases
}
