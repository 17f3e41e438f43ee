package vectors

// BadHeader is a header that must be refused.
type BadHeader struct {
	Row
	Wire       []byte
	FromClient bool
	Deflate    bool   // permessage-deflate is negotiated
	Rule       string // as in naive.Broken
	Code       uint16 // to close with
	Prefix     bool   // the first two bytes are enough to refuse it
}

func bad(r Row, from, rule string, wire string) BadHeader {
	return BadHeader{
		Row: r, Wire: unhex(wire),
		FromClient: from == "client" || from == "client, deflate",
		Deflate:    from == "client, deflate" || from == "server, deflate",
		Rule:       rule, Code: 1002,
		Prefix: rule != "length not minimal" && rule != "length top bit",
	}
}

// BadHeaders are the headers that break a MUST on their own.
var BadHeaders = []BadHeader{
	// Reserved opcodes (RFC 6455 §5.2)
	bad(row("opcode 3"), "server", "reserved opcode", "83 00"),
	bad(row("opcode 4"), "client", "reserved opcode", "84 80 01020304"),
	bad(row("opcode 5, first fragment"), "server", "reserved opcode", "05 01"),
	bad(row("opcode 6, compressed"), "server, deflate", "reserved opcode", "c6 01"),
	bad(row("opcode 7, huge"), "server", "reserved opcode", "87 7f 7fffffffffffffff"),
	bad(row("opcode 11"), "server", "reserved opcode", "8b 00"),
	bad(row("opcode 12"), "client", "reserved opcode", "8c 80 01020304"),
	bad(row("opcode 13, fragmented"), "server", "reserved opcode", "0d 00"),
	bad(row("opcode 14, too long"), "server", "reserved opcode", "8e 7e 007e"),
	bad(row("opcode 15, everything wrong"), "server", "reserved opcode", "7f ff 8000000000000000 01020304"),

	// Reserved bits (RFC 6455 §5.2)
	bad(row("RSV1 on text"), "server", "RSV1", "c1 00"),
	bad(row("RSV1 on binary"), "client", "RSV1", "c2 80 01020304"),
	bad(row("RSV1 on continuation"), "server", "RSV1", "c0 00"),
	bad(row("RSV1 on ping"), "server", "RSV1", "c9 00"),
	bad(row("RSV2 on text"), "server", "RSV2", "a1 00"),
	bad(row("RSV2 on text, deflate"), "client, deflate", "RSV2", "a1 80 01020304"),
	bad(row("RSV1 and RSV2 on text, deflate"), "client, deflate", "RSV2", "e1 80 01020304"),
	bad(row("RSV2 on continuation"), "server", "RSV2", "20 00"),
	bad(row("RSV2 on close"), "server", "RSV2", "a8 00"),
	bad(row("RSV3 on text"), "server", "RSV3", "91 00"),
	bad(row("RSV3 on binary, deflate"), "server, deflate", "RSV3", "92 00"),
	bad(row("RSV3 on pong"), "client", "RSV3", "9a 80 01020304"),
	bad(row("RSV2 and RSV3"), "server", "RSV2", "b1 00"),

	// The compressed bit where it may not be (RFC 7692 §6.1)
	bad(row("compressed continuation"), "server, deflate", "RSV1 misplaced", "c0 00"),
	bad(row("compressed continuation, not the last"), "client, deflate", "RSV1 misplaced", "40 80 01020304"),
	bad(row("compressed close"), "server, deflate", "RSV1 misplaced", "c8 00"),
	bad(row("compressed ping"), "client, deflate", "RSV1 misplaced", "c9 80 01020304"),
	bad(row("compressed pong"), "server, deflate", "RSV1 misplaced", "ca 00"),

	// Control frames (RFC 6455 §5.5)
	bad(row("fragmented close"), "server", "fragmented control", "08 00"),
	bad(row("fragmented ping"), "server", "fragmented control", "09 00"),
	bad(row("fragmented pong"), "client", "fragmented control", "0a 80 01020304"),
	bad(row("ping of 126 bytes"), "server", "control too long", "89 7e 007e"),
	bad(row("pong of 65536 bytes"), "client", "control too long", "8a ff 0000000000010000 01020304"),
	bad(row("close of 126 bytes"), "client", "control too long", "88 fe 007e 01020304"),
	bad(row("ping of 5 bytes in 16 bits"), "server", "control too long", "89 7e 0005"),
	bad(row("ping of 5 bytes in 64 bits"), "server", "control too long", "89 7f 0000000000000005"),

	// Masks (RFC 6455 §5.1)
	bad(row("unmasked text from a client"), "client", "mask missing", "81 05"),
	bad(row("unmasked close from a client"), "client", "mask missing", "88 00"),
	bad(row("masked text from a server"), "server", "mask forbidden", "81 85 37fa213d"),
	bad(row("text from a server masked with zeros"), "server", "mask forbidden", "81 80 00000000"),
	bad(row("masked and too long"), "server", "mask forbidden", "89 fe 007e 01020304"),

	// Lengths (RFC 6455 §5.2)
	bad(row("0 in 16 bits"), "server", "length not minimal", "81 7e 0000"),
	bad(row("5 in 16 bits"), "client", "length not minimal", "81 fe 0005 01020304"),
	bad(row("125 in 16 bits"), "server", "length not minimal", "82 7e 007d"),
	bad(row("0 in 64 bits"), "server", "length not minimal", "82 7f 0000000000000000"),
	bad(row("126 in 64 bits"), "server", "length not minimal", "82 7f 000000000000007e"),
	bad(row("65535 in 64 bits"), "client", "length not minimal", "82 ff 000000000000ffff 01020304"),
	bad(row("top bit alone"), "server", "length top bit", "82 7f 8000000000000000"),
	bad(row("top bit and 5"), "client", "length top bit", "81 ff 8000000000000005 01020304"),
	bad(row("all ones"), "server", "length top bit", "80 7f ffffffffffffffff"),
}
