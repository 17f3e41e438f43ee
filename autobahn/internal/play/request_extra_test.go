package play

import (
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A server selects one of the subprotocols that were offered, or none.
func TestCheckSubprotocol(t *testing.T) {
	for _, row := range []struct{ offer, answer, err string }{
		{"", "", ""},
		{"", "chat", "none was offered"},
		{"chat, talk", "", ""},
		{"chat, talk", "talk", ""},
		{"chat, talk", "Talk", `["chat" "talk"] were offered`},
		{"chat, talk", "chat, talk", "were offered"},
		{"chat, talk", "chat|talk", "2 Sec-WebSocket-Protocol fields"},
	} {
		s := &Session{Result: &verdict.Result{}}
		s.Result.HTTPRequest = "GET / HTTP/1.1\r\n"
		if row.offer != "" {
			s.Result.HTTPRequest += "Sec-WebSocket-Protocol: " + row.offer + "\r\n"
		}
		s.Result.HTTPRequest += "\r\n"
		answer := &Head{}
		for value := range strings.SplitSeq(row.answer, "|") {
			if value != "" {
				answer.Fields = append(answer.Fields, Field{"Sec-WebSocket-Protocol", value})
			}
		}
		err := s.checkSubprotocol(answer)
		if (err == nil) != (row.err == "") || err != nil && !strings.Contains(err.Error(), row.err) {
			t.Errorf("offered %q, selected %q: %v, want %q", row.offer, row.answer, err, row.err)
		}
	}
}
