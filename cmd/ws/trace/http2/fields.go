package http2

import (
	"bytes"
	"fmt"

	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/internal/h2"
)

// Unknown is the name or the value of a field that refers to a part of HPACK's table which is not
// in the capture. No name may be so.
const Unknown = "?"

const (
	// maxList is how many bytes of a field list are kept, as RFC 9113 §6.5.2 counts.
	maxList = 64 << 10
	// initialTable is the size of the table as a connection begins, in bytes.
	initialTable = 4096
	// maxTable is how large a sender may make it. Browsers take 64 KiB.
	maxTable = 1 << 20
	// lostTable is how large a table is taken to be whose beginning is not in the capture.
	lostTable = 64 << 10
	// entry is what an entry counts besides its bytes (RFC 7541 §4.1), and so the least.
	entry = 32
)

// Fields decodes the field blocks of a direction. The zero value is at the beginning of a
// connection.
type Fields struct {
	decoder *hpack.Decoder
	lost    bool // entries of the table are unknown
	failed  error
	list    []h2.Field
	size    int // of the list
	begun   bool
	// What the table can have, in bytes: at most what was in blocks so far, and its largest size.
	added, limit int
}

// perByte is how much memory the table takes for each byte as HPACK counts, at most: an entry with
// a short name has two strings, and places in a list and two maps.
const perByte = 6

// Weight is the memory that the table uses, in bytes.
func (b *Fields) Weight() int {
	if b.decoder == nil {
		return 0
	}
	n := perByte*min(b.added, max(b.limit, initialTable)) + b.size
	if b.lost {
		n += lostTable / entry * 80
	}
	return n
}

// Lose forgets the table, because a field block was missed.
func (b *Fields) Lose() {
	b.decoder, b.lost = nil, true
	b.added, b.limit = 0, lostTable
	b.reset()
}

func (b *Fields) reset() { b.list, b.size, b.failed, b.begun = nil, 0, nil, false }

// Add processes the next fragment of a block.
func (b *Fields) Add(fragment []byte) {
	if b.failed != nil {
		return
	}
	if b.decoder == nil {
		b.begin()
	}
	if !b.begun {
		b.begun = true
		b.limit = max(b.limit, tableSize(fragment))
	}
	_, b.failed = b.decoder.Write(fragment)
}

// tableSize is the size of the table that the front of a block sets (RFC 7541 §6.3); 0 if it sets
// none. If the number is cut short, it is taken to be the largest.
func tableSize(block []byte) int {
	if len(block) == 0 || block[0]&0xe0 != 0x20 {
		return 0
	}
	n := int(block[0] & 0x1f)
	if n < 0x1f {
		return n
	}
	for i, c := range block[1:] { // RFC 7541 §5.1
		if n += int(c&0x7f) << (7 * i); n > maxTable {
			break
		}
		if c < 0x80 {
			return n
		}
	}
	return maxTable
}

// End ends a block. whole is false if the list was too long to be kept. After an error the table
// is lost.
func (b *Fields) End() (list []h2.Field, whole bool, err error) {
	if b.failed == nil && b.decoder != nil {
		b.failed = b.decoder.Close()
	}
	list, whole, err = b.list, b.size <= maxList, b.failed
	b.reset()
	if err != nil {
		b.Lose()
		return list, whole, fmt.Errorf("a field block that does not decode: %w", err)
	}
	return list, whole, nil
}

// begin makes the decoder.
func (b *Fields) begin() {
	b.decoder = hpack.NewDecoder(initialTable, func(hpack.HeaderField) {})
	b.decoder.SetAllowedMaxDynamicTableSize(maxTable)
	b.decoder.SetMaxStringLength(maxList)
	if b.lost {
		b.decoder.SetMaxDynamicTableSize(lostTable)
		// Literals with neither name nor value, which enter the table.
		_, _ = b.decoder.Write(bytes.Repeat([]byte{0x40, 0, 0}, lostTable/entry))
		_ = b.decoder.Close()
	}
	b.decoder.SetEmitFunc(b.emit)
}

// emit takes a field from the decoder. Of a list that is too large only the bytes are counted.
func (b *Fields) emit(f hpack.HeaderField) {
	n := len(f.Name) + len(f.Value) + entry
	b.size += n
	b.added = min(maxTable, b.added+n)
	if b.size > maxList {
		return
	}
	field := h2.Field{Name: f.Name, Value: f.Value}
	if b.lost && f.Name == "" {
		field.Name = Unknown
		if f.Value == "" {
			field.Value = Unknown
		}
	}
	b.list = append(b.list, field)
}

// Known reports whether all of a list is known.
func Known(list []h2.Field) bool {
	for _, f := range list {
		if f.Name == Unknown {
			return false
		}
	}
	return true
}
