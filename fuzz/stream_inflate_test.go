package fuzz_test

import (
	"bytes"
	"compress/flate"
	"io"
	"sort"
)

// deflated is a compressed message as the oracle sees it: all of its bytes so far,
// and what they say by the standard library.
type deflated struct {
	said    []byte
	corrupt bool
	// unsure: the oracle cannot tell whether a message may end where this one does.
	unsure bool
	// final: a block with BFINAL has ended. The bits behind it, up to the next byte,
	// are seen by nobody here.
	final bool
}

// trailer is what a sender leaves out at the end of a message (RFC 7692 §7.2.1).
const trailer = "\x00\x00\xff\xff"

// inflate decompresses wire from scratch. dict is what the messages before have said;
// fin tells that the message ends.
func inflate(dict, wire []byte, fin bool) deflated {
	if !fin {
		d, _ := inflateAll(dict, wire)
		return d
	}
	// compress/flate does not say that it stopped between two blocks. So the message is
	// followed by an empty final block, stored and then fixed: between two blocks, and
	// only there, both are read to their end as what they are.
	whole := string(wire) + trailer
	d, ended := inflateAll(dict, []byte(whole+"\x01\x00\x00\xff\xff"))
	e, alike := inflateAll(dict, []byte(whole+"\x03\x00"))
	before, _ := inflateAll(dict, []byte(whole))
	d.final = before.final
	if ended != alike || !bytes.Equal(d.said, e.said) {
		d.unsure = ended || alike
		ended = false
	}
	d.corrupt, d.said = !ended, before.said
	return d
}

// inflateAll decompresses what p holds, blocks behind a final one too (RFC 7692
// §7.2.3.4). ended tells that the last byte of p ended a final block.
func inflateAll(dict, p []byte) (d deflated, ended bool) {
	source := bytes.NewReader(p)
	for {
		said, err := io.ReadAll(flate.NewReaderDict(source, append(bytes.Clone(dict), d.said...)))
		d.said = append(d.said, said...)
		switch err {
		case nil:
			if source.Len() == 0 {
				d.final = true
				return d, true
			}
			d.final = true
		case io.ErrUnexpectedEOF:
			return d, false
		default:
			d.corrupt = true
			return d, false
		}
	}
}

// first is the smallest number of bytes of wire[from:] for which bad holds of what is
// inflated so far, given that it holds for all of them.
func first(dict, wire []byte, from int, bad func(deflated) bool) int {
	return sort.Search(len(wire)-from, func(n int) bool { return bad(inflate(dict, wire[:from+n], false)) })
}
