package h2

import (
	"bytes"

	"golang.org/x/net/http2/hpack"
)

const (
	// DefaultHeadBytes is how many bytes of a field block, encoded, we take, and how many of the
	// list that it stands for, as RFC 9113 §6.5.2 counts: a page's cookies and a few fields.
	DefaultHeadBytes = 16 << 10
	// minContinuations is how many CONTINUATION frames a block may have, or more where larger ones
	// are taken. One is enough for DefaultHeadBytes, but a peer may like smaller ones.
	minContinuations = 8
	// tableSize is the size of the dynamic tables of HPACK, both ways.
	tableSize = 4096
	// fieldOverhead is what a field counts besides its bytes (RFC 7541 §4.1).
	fieldOverhead = 32
)

// blocks turns field lists into field blocks and back (RFC 9113 §4.3, RFC 7541).
type blocks struct {
	most    int // bytes of a block, and of a list: Config.HeadBytes
	encoder *hpack.Encoder
	encoded bytes.Buffer
	decoder *hpack.Decoder
	list    []Field // what the decoder has found
	size    int     // of the list, as RFC 9113 §6.5.2 counts

	// The block that has begun and goes on in CONTINUATION frames (§6.10).
	under         FrameHeader // its HEADERS frame; Stream is 0 if there is none
	partial       []byte
	continuations int
}

func (b *blocks) init(most int) {
	b.most = most
	b.encoder = hpack.NewEncoder(&b.encoded)
	b.decoder = hpack.NewDecoder(tableSize, b.emit)
	b.decoder.SetMaxStringLength(most)
}

// emit takes a field from the decoder. Of a list that is too large it counts only the bytes.
func (b *blocks) emit(f hpack.HeaderField) {
	if b.size += len(f.Name) + len(f.Value) + fieldOverhead; b.size <= b.most {
		b.list = append(b.list, Field{f.Name, f.Value})
	}
}

// underWay is the stream whose block has begun and not ended; 0: none is.
func (b *blocks) underWay() uint32 { return b.under.Stream }

// begin takes the fragment of a HEADERS frame that is not the whole block.
func (b *blocks) begin(h FrameHeader, fragment []byte) {
	b.under, b.continuations = h, 0
	b.partial = append([]byte(nil), fragment...)
}

// proceed takes the fragment of a CONTINUATION frame.
func (b *blocks) proceed(fragment []byte) *ConnError {
	b.continuations++
	if most := max(minContinuations, 2*b.most/MaxFrameSize); b.continuations > most {
		return connError(EnhanceYourCalm, "", "a field block in more than %d CONTINUATION frames", most)
	}
	if len(b.partial)+len(fragment) > b.most {
		return connError(EnhanceYourCalm, "", "a field block of more than %d bytes", b.most)
	}
	b.partial = append(b.partial, fragment...)
	return nil
}

// end returns the HEADERS frame of the block that is complete now, and all of the block.
func (b *blocks) end() (first FrameHeader, block []byte) {
	first, block = b.under, b.partial
	b.under, b.partial = FrameHeader{}, nil // heads are rare
	return first, block
}

// decode turns a whole block into the list. It must be called for every block, wanted or
// not, because the table is one for the connection (§4.3). ok is false if the list is larger
// than we take.
func (b *blocks) decode(block []byte) (list []Field, ok bool, err *ConnError) {
	b.list, b.size = nil, 0
	_, fault := b.decoder.Write(block)
	if fault == nil {
		fault = b.decoder.Close()
	}
	if fault != nil {
		return nil, false, connError(CompressionError, "4.3", "a field block that does not decode: %v", fault)
	}
	list, b.list = b.list, nil
	return list, b.size <= b.most, nil
}

// encode turns a list into a block, which stays valid until the next one. Blocks must be sent
// in the order in which they were encoded.
func (b *blocks) encode(list []Field) []byte {
	b.encoded.Reset()
	for _, f := range list {
		// A bytes.Buffer does not fail.
		_ = b.encoder.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value, Sensitive: sensitive(f.Name)})
	}
	return b.encoded.Bytes()
}

// resize follows what a peer's SETTINGS say of its table. The encoder is told of every value:
// if the table was smaller for a moment, what it had is gone (RFC 7541 §4.2).
func (b *blocks) resize(settings []byte) {
	for id, value := range settingsIn(settings) {
		if id == SettingHeaderTableSize {
			b.encoder.SetMaxDynamicTableSize(value)
		}
	}
}

// listSize is the size of a list as §6.5.2 counts it.
func listSize(list []Field) (n int) {
	for _, f := range list {
		n += len(f.Name) + len(f.Value) + fieldOverhead
	}
	return n
}
