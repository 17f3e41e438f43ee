package trace

import (
	"strings"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/handshake"
)

const deflateName = "permessage-deflate"

// agreement is the result of an opening handshake.
type agreement struct {
	Agreed
	deflate    [2]*conn.Terms // by direction; nil without compression
	violations []Violation
	notes      []string
}

// lenient returns terms that can decode any message.
func lenient() *conn.Terms { return &conn.Terms{WindowBits: 15, Takeover: true} }

// judgeRequest returns what our server would reject in a request.
func judgeRequest(head []byte) []Violation {
	var r handshake.Request
	_, refusal := handshake.ParseRequest(head, handshake.Limits{HeaderBytes: http1.MaxHead, Fields: 1000}, &r)
	if refusal == nil {
		p := handshake.Policy{AnyOrigin: true, Deflate: &handshake.Deflate{}}
		_, refusal = p.Accept(&r)
	}
	if refusal == nil {
		return nil
	}
	return []Violation{{By: FromClient, RFC: document(refusal.Section), Reason: refusal.Reason}}
}

// document names the RFC that a section of package handshake belongs to.
func document(section string) string {
	if strings.HasPrefix(section, "RFC") {
		return section
	}
	return strings.TrimSpace("RFC 6455 " + section)
}

// hidden is the fields of a head, except those with one name.
type hidden struct {
	*http1.Head
	name string
}

func (h hidden) Values(name string) []string {
	if strings.EqualFold(name, h.name) {
		return nil
	}
	return h.Head.Values(name)
}

// agree judges a response as our client would. request may be nil.
func agree(request, response *http1.Head) (a agreement) {
	extensions := response.Values("Sec-Websocket-Extensions")
	a.Extensions = strings.Join(extensions, ", ")
	a.Subprotocol = strings.Join(response.Values("Sec-Websocket-Protocol"), ", ")
	chosen, err := handshake.ParseExtensions(extensions)
	if len(extensions) > 0 && err != nil {
		a.violations = append(a.violations, Violation{By: FromServer, RFC: "RFC 6455 §9.1", Reason: err.Error()})
	}
	deflated := false
	for _, x := range chosen {
		deflated = deflated || x.Name == deflateName
	}
	if deflated {
		a.deflate = [2]*conn.Terms{lenient(), lenient()}
	}
	offer, values := offered(request), handshake.Values(response)
	if request == nil {
		a.notes = append(a.notes, "the request is not in the capture: what the server answers cannot be held against it")
		offer.Key = ""
		offer.Subprotocols = response.Values("Sec-Websocket-Protocol")
	}
	var asked []handshake.Extension
	if request != nil {
		asked, _ = handshake.ParseExtensions(request.Values("Sec-Websocket-Extensions"))
	}
	for _, x := range chosen {
		if x.Name != deflateName && has(asked, x.Name) {
			a.notes = append(a.notes, "extension "+x.Name+" is not known here: its frames are read as if it were not there")
			values = hidden{response, "Sec-Websocket-Extensions"}
		}
	}
	judge := offer.Check
	if response.Proto == protoHTTP2 {
		judge = offer.CheckConnect
	}
	agreed, bad := judge(response.Status, values)
	switch {
	case bad != nil && request != nil:
		a.violations = append(a.violations, Violation{By: FromServer, RFC: document(bad.Section), Reason: bad.Reason})
	case bad == nil && agreed.Deflated:
		d := agreed.Deflate
		a.deflate[FromClient] = &conn.Terms{WindowBits: d.Client.WindowBits(), Takeover: !d.Client.NoContextTakeover}
		a.deflate[FromServer] = &conn.Terms{WindowBits: d.Server.WindowBits(), Takeover: !d.Server.NoContextTakeover}
	}
	if deflated {
		a.Deflate = "client " + words(a.deflate[FromClient]) + ", server " + words(a.deflate[FromServer])
	}
	return a
}

func words(t *conn.Terms) string {
	s := "without context takeover"
	if t.Takeover {
		s = "with context takeover"
	}
	if t.WindowBits < 15 {
		s += " and a window of " + []string{"256 octets", "512 octets", "1 KiB", "2 KiB", "4 KiB", "8 KiB", "16 KiB"}[t.WindowBits-8]
	}
	return s
}

func has(list []handshake.Extension, name string) bool {
	for _, x := range list {
		if x.Name == name {
			return true
		}
	}
	return false
}

// offered returns what a request asks for, in the types of package handshake.
func offered(request *http1.Head) *handshake.Offer {
	o := &handshake.Offer{Deflate: &handshake.Deflate{}}
	if request == nil {
		return o
	}
	if keys := request.Values("Sec-Websocket-Key"); len(keys) > 0 {
		o.Key = keys[0]
	}
	for _, line := range request.Values("Sec-Websocket-Protocol") {
		for t := range handshake.Tokens(line) {
			o.Subprotocols = append(o.Subprotocols, t)
		}
	}
	asked, _ := handshake.ParseExtensions(request.Values("Sec-Websocket-Extensions"))
	var offers []handshake.Extension
	for _, x := range asked {
		if x.Name == deflateName {
			offers = append(offers, x)
		}
	}
	switch len(offers) {
	case 0:
		o.Deflate = nil
	case 1: // with several, it is unknown which one was answered
		for _, p := range offers[0].Params {
			if p.Name == "server_no_context_takeover" {
				o.Deflate.Server.NoContextTakeover = true
			}
		}
	}
	return o
}
