package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/autobahn"
)

var opcodes = map[byte]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

// wireLog is the log of a case in lines for people: frames and timers. Bytes are only where
// there is no frame in that direction, and in the group about how lengths are written. Masks
// are in the group about masks.
func wireLog(r *autobahn.Result) []string {
	framed := map[string]bool{}
	for _, e := range r.Wirelog {
		framed[e.Kind] = true
	}
	spelled := strings.HasPrefix(r.ID, "20.6.")
	aboutMasks := strings.HasPrefix(r.ID, "20.5.")
	var lines []string
	for i, e := range r.Wirelog {
		head := ""
		switch {
		case (e.Kind == "RO" || e.Kind == "TO") && isHTTP(e.Data):
			head = r.HTTPResponse
			if strings.HasPrefix(string(e.Data), "GET ") || strings.HasPrefix(string(e.Data), "POST ") {
				head = r.HTTPRequest
			}
		case e.Kind == "RO" && framed["RF"] && !spelled, e.Kind == "TO" && framed["TF"] && !spelled:
			continue
		}
		text := entry(e)
		if text == "" {
			continue
		}
		if aboutMasks && (e.Kind == "TF" || e.Kind == "RF") {
			text += mask(e)
		}
		at := ""
		if i < len(r.Times) {
			at = strconv.FormatFloat(float64(r.Times[i])/1000, 'f', 1, 64) + " ms"
		}
		lines = append(lines, fmt.Sprintf("%11s  %s", at, text))
		if aboutHandshake(r.ID) {
			lines = append(lines, fields(head)...)
		}
	}
	return lines
}

// aboutHandshake reports whether a case is about the opening handshake or what it negotiates.
func aboutHandshake(id string) bool {
	return slices.ContainsFunc([]string{"12.", "13.", "20.1.", "20.2.", "20.3.", "20.4.", "20.10.", "20.11.", "20.12.", "20.13."},
		func(chapter string) bool { return strings.HasPrefix(id, chapter) })
}

// fields are the header fields of an HTTP head, in lines of their own.
func fields(head string) (lines []string) {
	const most, width = 14, 180
	_, rest, _ := strings.Cut(head, "\r\n")
	for line := range strings.SplitSeq(strings.TrimSpace(rest), "\r\n") {
		if line == "" {
			continue
		}
		if len(line) > width {
			line = line[:width] + " …"
		}
		lines = append(lines, strings.Repeat(" ", 27)+strconv.Quote(line))
		if len(lines) == most {
			return append(lines, strings.Repeat(" ", 27)+"…")
		}
	}
	return lines
}

func isHTTP(data []byte) bool {
	return slices.ContainsFunc([]string{"GET ", "POST ", "HTTP/"}, func(begin string) bool {
		return strings.HasPrefix(string(data), begin)
	})
}

func entry(e autobahn.Entry) string {
	switch e.Kind {
	case "TF", "RF":
		return frame(e)
	case "TO":
		return fmt.Sprintf("suite → peer  %s %s", count(e.Length), payload(e.Data, e.Length))
	case "RO":
		return fmt.Sprintf("suite ← peer  %s %s", count(e.Length), payload(e.Data, e.Length))
	case "CT":
		return fmt.Sprintf("the suite waits %v s", e.Delay)
	case "KL":
		return fmt.Sprintf("the suite fails the connection in %v s", e.Delay)
	case "KLE":
		return "time is up: the suite fails the connection"
	case "TI":
		return fmt.Sprintf("the suite begins the closing handshake in %v s", e.Delay)
	case "TIE":
		return "time is up: the suite begins the closing handshake"
	}
	return ""
}

func frame(e autobahn.Entry) string {
	name, ok := opcodes[e.Opcode]
	if !ok {
		name = fmt.Sprintf("opcode %d", e.Opcode)
	}
	words := []string{"suite ← peer ", name}
	if e.Kind == "TF" {
		words[0] = "suite → peer "
	}
	if !e.FIN {
		words = append(words, "without FIN")
	}
	for i := range 3 {
		if e.RSV>>(2-i)&1 != 0 {
			words = append(words, fmt.Sprintf("RSV%d", i+1))
		}
	}
	words = append(words, count(e.Length))
	switch {
	case e.Opcode == 8 && len(e.Data) >= 2:
		words = append(words, strconv.Itoa(int(e.Data[0])<<8|int(e.Data[1])))
		if len(e.Data) > 2 {
			words = append(words, payload(e.Data[2:], e.Length-2))
		}
	case len(e.Data) > 0:
		words = append(words, payload(e.Data, e.Length))
	}
	return strings.Join(words, " ")
}

// mask says with which key a frame is masked.
func mask(e autobahn.Entry) string {
	if !e.Masked {
		return ", no mask"
	}
	return ", mask " + hex.EncodeToString(e.Key[:])
}

func count(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.Itoa(n) + " bytes"
}

// payload quotes text and writes other bytes in hex.
func payload(data []byte, length int) string {
	const shown = 40
	cut := data[:min(len(data), shown)]
	if isHTTP(data) {
		line, _, _ := strings.Cut(string(data), "\r\n")
		return line + " …"
	}
	more := ""
	if length > len(cut) {
		more = " …"
	}
	whole := cut
	for n := 0; n < utf8.UTFMax && len(whole) > 0 && !utf8.Valid(whole) && more != ""; n++ {
		whole = whole[:len(whole)-1] // the cut may be within a character
	}
	if utf8.Valid(whole) && len(whole) > 0 && !strings.ContainsFunc(string(whole), unprintable) {
		return strconv.Quote(string(whole)) + more
	}
	var groups []string
	for part := range slices.Chunk(cut, 4) {
		groups = append(groups, hex.EncodeToString(part))
	}
	return strings.Join(groups, " ") + more
}

func unprintable(c rune) bool { return !unicode.IsPrint(c) && c != '\n' && c != '\r' && c != '\t' }

// excerpt cuts a long log in its middle.
func excerpt(lines []string) []string {
	const first, last = 26, 12
	if len(lines) <= first+last+1 {
		return lines
	}
	cut := slices.Clone(lines[:first])
	cut = append(cut, fmt.Sprintf("             … %d more lines …", len(lines)-first-last))
	return append(cut, lines[len(lines)-last:]...)
}
