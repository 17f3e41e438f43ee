package vectors

// Frame is one frame that may be sent, in every form that tests need.
type Frame struct {
	Row
	FIN, RSV1, RSV2, RSV3 bool
	Opcode                uint8
	Masked                bool
	Key                   [4]byte
	Payload               []byte // unmasked
	Text                  string // as frame.Header prints itself
	Head                  []byte // header on the wire
	Body                  []byte // payload on the wire
	Extended              int    // bytes of extended length in Head
}

// Wire returns the whole frame as it is on the wire.
func (f Frame) Wire() []byte { return append(append([]byte{}, f.Head...), f.Body...) }

// client and server say who sends the frame; the first byte holds FIN, RSV
// and opcode.
func server(r Row, first byte, text, head string, payload []byte) Frame {
	f := Frame{
		Row: r, FIN: first&0x80 != 0, RSV1: first&0x40 != 0, RSV2: first&0x20 != 0, RSV3: first&0x10 != 0,
		Opcode: first & 0x0F, Payload: payload, Text: text, Head: unhex(head), Body: payload,
	}
	switch {
	case len(payload) > 65535:
		f.Extended = 8
	case len(payload) > 125:
		f.Extended = 2
	}
	return f
}

func client(r Row, first byte, key, text, head string, payload, body []byte) Frame {
	f := server(r, first, text, head, payload)
	f.Masked, f.Key, f.Body = true, [4]byte(unhex(key)), body
	return f
}

var (
	hello = []byte("Hello")
	none  = []byte{}
)

// Frames are the examples of RFC 6455 §5.7 and RFC 7692 §7.2.3, then every
// length form, role, opcode and bit.
var Frames = []Frame{
	// RFC 6455 §5.7
	server(row("§5.7 single-frame unmasked text"), 0x81, "FIN text 5", "81 05", hello),
	client(row("§5.7 single-frame masked text"), 0x81, "37 fa 21 3d", "FIN text 5 masked 37fa213d", "81 85 37fa213d", hello, unhex("7f 9f 4d 51 58")),
	server(row("§5.7 fragmented unmasked text, first"), 0x01, "text 3", "01 03", []byte("Hel")),
	server(row("§5.7 fragmented unmasked text, last"), 0x80, "FIN continuation 2", "80 02", []byte("lo")),
	server(row("§5.7 unmasked ping"), 0x89, "FIN ping 5", "89 05", hello),
	client(row("§5.7 masked pong"), 0x8A, "37 fa 21 3d", "FIN pong 5 masked 37fa213d", "8a 85 37fa213d", hello, unhex("7f 9f 4d 51 58")),
	server(row("§5.7 256 bytes of binary"), 0x82, "FIN binary 256", "82 7e 0100", times(256, "2a")),
	server(row("§5.7 64 KiB of binary"), 0x82, "FIN binary 65536", "82 7f 0000000000010000", times(65536, "2a")),

	// RFC 7692 §7.2.3
	server(row("RFC 7692 §7.2.3.1 compressed text"), 0xC1, "FIN RSV1 text 7", "c1 07", unhex("f2 48 cd c9 c9 07 00")),
	server(row("RFC 7692 §7.2.3.1 compressed text, first fragment"), 0x41, "RSV1 text 3", "41 03", unhex("f2 48 cd")),
	server(row("RFC 7692 §7.2.3.1 compressed text, last fragment"), 0x80, "FIN continuation 4", "80 04", unhex("c9 c9 07 00")),

	// Lengths, from a server
	server(row("length 0"), 0x81, "FIN text 0", "81 00", none),
	server(row("length 1"), 0x82, "FIN binary 1", "82 01", times(1, "00")),
	server(row("length 125"), 0x82, "FIN binary 125", "82 7d", times(125, "fe")),
	server(row("length 126"), 0x82, "FIN binary 126", "82 7e 007e", times(126, "fe")),
	server(row("length 127"), 0x82, "FIN binary 127", "82 7e 007f", times(127, "fe")),
	server(row("length 65535"), 0x82, "FIN binary 65535", "82 7e ffff", times(65535, "fe")),
	server(row("length 65536"), 0x82, "FIN binary 65536", "82 7f 0000000000010000", times(65536, "fe")),

	// Lengths, from a client: 2a ^ 01020304 = 2b28292e
	client(row("masked, length 0"), 0x81, "01020304", "FIN text 0 masked 01020304", "81 80 01020304", none, none),
	client(row("masked, length 1"), 0x82, "01020304", "FIN binary 1 masked 01020304", "82 81 01020304", times(1, "2a"), times(1, "2b28292e")),
	client(row("masked, length 125"), 0x82, "01020304", "FIN binary 125 masked 01020304", "82 fd 01020304", times(125, "2a"), times(125, "2b28292e")),
	client(row("masked, length 126"), 0x82, "01020304", "FIN binary 126 masked 01020304", "82 fe 007e 01020304", times(126, "2a"), times(126, "2b28292e")),
	client(row("masked, length 65535"), 0x82, "01020304", "FIN binary 65535 masked 01020304", "82 fe ffff 01020304", times(65535, "2a"), times(65535, "2b28292e")),
	client(row("masked, length 65536"), 0x82, "01020304", "FIN binary 65536 masked 01020304", "82 ff 0000000000010000 01020304", times(65536, "2a"), times(65536, "2b28292e")),
	client(row("masked with zeros"), 0x82, "00000000", "FIN binary 3 masked 00000000", "82 83 00000000", []byte("abc"), []byte("abc")),

	// Opcodes and bits
	server(row("continuation"), 0x00, "continuation 0", "00 00", none),
	server(row("last continuation"), 0x80, "FIN continuation 0", "80 00", none),
	server(row("first of text"), 0x01, "text 0", "01 00", none),
	server(row("first of binary"), 0x02, "binary 0", "02 00", none),
	server(row("compressed binary"), 0xC2, "FIN RSV1 binary 1", "c2 01", times(1, "00")),
	server(row("close without a code"), 0x88, "FIN close 0", "88 00", none),
	server(row("close 1000"), 0x88, "FIN close 2", "88 02", unhex("03e8")),
	client(row("masked close 1000"), 0x88, "ff00ff00", "FIN close 2 masked ff00ff00", "88 82 ff00ff00", unhex("03e8"), unhex("fce8")),
	server(row("ping"), 0x89, "FIN ping 0", "89 00", none),
	client(row("masked ping"), 0x89, "0a0b0c0d", "FIN ping 0 masked 0a0b0c0d", "89 80 0a0b0c0d", none, none),
	server(row("ping, 125 bytes"), 0x89, "FIN ping 125", "89 7d", times(125, "70")),
	server(row("pong"), 0x8A, "FIN pong 0", "8a 00", none),
}
