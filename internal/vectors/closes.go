package vectors

import "strings"

// CloseRow is the payload of a Close frame and what there is to read in it.
type CloseRow struct {
	Row
	Payload []byte
	Code    uint16
	Reason  string
	Fail    uint16 // close code that it deserves; 0: it is fine
}

func code(r Row, code uint16, reason string, fail uint16) CloseRow {
	payload := append([]byte{byte(code >> 8), byte(code)}, reason...)
	return CloseRow{r, payload, code, reason, fail}
}

// Closes are the payloads of Close frames (RFC 6455 §5.5.1, §7.4).
var Closes = []CloseRow{
	{row("empty"), none, 1005, "", 0},
	{row("one byte"), unhex("03"), 1005, "", 1002},
	{row("1000, written out"), unhex("03e8"), 1000, "", 0},
	{row("1000 ok, written out"), unhex("03e8 6f6b"), 1000, "ok", 0},

	code(row("normal closure"), 1000, "", 0),
	code(row("going away"), 1001, "bye", 0),
	code(row("protocol error"), 1002, "", 0),
	code(row("unsupported data"), 1003, "", 0),
	code(row("invalid payload"), 1007, "", 0),
	code(row("policy violation"), 1008, "", 0),
	code(row("message too big"), 1009, "", 0),
	code(row("mandatory extension"), 1010, "", 0),
	code(row("internal error"), 1011, "", 0),
	code(row("service restart"), 1012, "", 0),
	code(row("try again later"), 1013, "", 0),
	code(row("bad gateway"), 1014, "", 0),
	code(row("first for libraries"), 3000, "", 0),
	code(row("last for libraries"), 3999, "", 0),
	code(row("first for applications"), 4000, "", 0),
	code(row("last for applications"), 4999, "", 0),

	code(row("0"), 0, "", 1002),
	code(row("999"), 999, "", 1002),
	code(row("1004"), 1004, "", 1002),
	code(row("no status"), 1005, "", 1002),
	code(row("abnormal closure"), 1006, "", 1002),
	code(row("TLS handshake"), 1015, "", 1002),
	code(row("1016"), 1016, "", 1002),
	code(row("1100"), 1100, "", 1002),
	code(row("2000"), 2000, "", 1002),
	code(row("2999"), 2999, "", 1002),
	code(row("5000"), 5000, "", 1002),
	code(row("65535"), 65535, "", 1002),

	code(row("longest reason"), 1000, strings.Repeat("*", 123), 0),
	code(row("reason in Greek"), 1000, "κόσμε", 0),
	code(row("reason with a surrogate"), 1000, "Hello-\xed\xa0\x80-World", 1007),
	code(row("reason cut in a character"), 1000, "Hello-\xce", 1007),
	code(row("bad code and bad reason"), 1006, "\xff", 1002),
}
