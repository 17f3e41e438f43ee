package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// wireLines is how many lines of a wire log a report has, besides the page of -o.
const wireLines = 16

// wireExcerpt returns the last lines of the wire log of a case: the frames, or if there are none
// the heads of the opening handshake.
func wireExcerpt(r *autobahn.Result) (lines []string) {
	for i, e := range r.Wirelog {
		at := ""
		if i < len(r.Times) {
			at = fmt.Sprintf("%8.3f s  ", float64(r.Times[i])/1e6)
		}
		switch e.Kind {
		case "RF":
			lines = append(lines, at+"peer   "+frameLine(e))
		case "TF":
			lines = append(lines, at+"suite  "+frameLine(e))
		case "KLE":
			lines = append(lines, at+"suite  gives up waiting, and ends the connection")
		}
	}
	if len(lines) == 0 {
		lines = headLines(r)
		if !r.CreateWirelog {
			lines = append(lines, "(the frames of a case that moves megabytes are not logged)")
		}
		return lines
	}
	if more := len(lines) - wireLines; more > 0 {
		lines = append([]string{fmt.Sprintf("… (%d earlier)", more)}, lines[more:]...)
	}
	return lines
}

// frameLine describes a frame.
func frameLine(e autobahn.Entry) string {
	names := map[byte]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
	name, ok := names[e.Opcode]
	if !ok {
		name = fmt.Sprintf("opcode %d", e.Opcode)
	}
	words := []string{name}
	if e.FIN {
		words = append(words, "FIN")
	}
	if e.RSV != 0 {
		words = append(words, fmt.Sprintf("RSV=%d", e.RSV))
	}
	if e.Masked {
		words = append(words, "masked")
	}
	words = append(words, plural(e.Length, "byte"))
	payload := e.Data
	if e.Opcode == 8 && len(payload) >= 2 {
		words = append(words, strconv.Itoa(int(binary.BigEndian.Uint16(payload))))
		payload = payload[2:]
	}
	if len(payload) > 0 {
		words = append(words, quoted(payload))
	}
	return strings.Join(words, " ")
}

// quoted quotes the beginning of a payload.
func quoted(p []byte) string {
	const shown = 32
	if len(p) <= shown {
		return strconv.QuoteToASCII(string(p))
	}
	return strconv.QuoteToASCII(string(p[:shown])) + "…"
}

// headLines returns the request and the response of the opening handshake.
func headLines(r *autobahn.Result) (lines []string) {
	const shown = 120
	for _, head := range []struct{ who, text string }{{"request", r.HTTPRequest}, {"response", r.HTTPResponse}} {
		for i, line := range strings.Split(strings.TrimRight(head.text, "\r\n"), "\r\n") {
			if line == "" || i >= wireLines {
				break
			}
			if len(line) > shown {
				line = line[:shown] + "…"
			}
			lines = append(lines, fmt.Sprintf("%-8s  %s", head.who, visible(line, false)))
		}
	}
	return lines
}

// account is all that a report says of a case, in lines.
func (st *standing) account(r *autobahn.Result) string {
	lines := []string{"case      " + r.ID + ": " + r.Description, "expected  " + r.Expectation}
	if r.Sentence != "" {
		lines = append(lines, "because   "+r.Sentence)
	}
	if what := whatCame(r); what != "" {
		lines = append(lines, "came      "+what)
	}
	lines = append(lines, "verdict   "+verdictsOf(r).String())
	if k := st.before[r]; k != nil {
		lines = append(lines, "known as  "+k.verdictsText())
	}
	lines = append(lines, "", "wire log")
	for _, line := range wireExcerpt(r) {
		lines = append(lines, "  "+line)
	}
	return strings.Join(lines, "\n") + "\n"
}
