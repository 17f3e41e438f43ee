package h2

import (
	"slices"
	"strings"
)

// Field is one line of a field list (RFC 9113 §8.2). It has the shape of handshake.Field.
type Field struct{ Name, Value string }

// Head is a request or a response as RFC 9113 §8.3 has it: pseudo-fields, then fields. A
// pseudo-field that is absent is empty; none but :authority may be present and empty.
type Head struct {
	// Of a request.
	Method    string
	Scheme    string
	Authority string
	Path      string
	Protocol  string // :protocol (RFC 8441 §4)
	// Of a response. Zero in a request.
	Status int
	// Fields are lower-case. The lines of Cookie are joined (§8.2.3).
	Fields []Field
	// EndStream: the frame has END_STREAM, so nothing follows and Ended is not reported. Not used
	// for what we send: see Endpoint.End.
	EndStream bool
}

// Values returns the values of the fields with this name, in any case, or of :protocol. It is
// what package handshake asks: handshake.Values.
func (h *Head) Values(name string) []string {
	if name == ":protocol" && h.Protocol != "" {
		return []string{h.Protocol}
	}
	var values []string
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// flatten lists h as it is sent. Names become lower-case.
func (h *Head) flatten() []Field {
	list := make([]Field, 0, len(h.Fields)+5)
	for _, f := range [...]Field{
		{":method", h.Method}, {":scheme", h.Scheme}, {":authority", h.Authority},
		{":path", h.Path}, {":protocol", h.Protocol},
	} {
		if f.Value != "" {
			list = append(list, f)
		}
	}
	if h.Status != 0 {
		list = append(list, Field{":status", statusText(h.Status)})
	}
	for _, f := range h.Fields {
		list = append(list, Field{strings.ToLower(f.Name), f.Value})
	}
	return list
}

// statusText is three digits for every status that exists.
func statusText(status int) string {
	if status < 100 || status > 999 {
		return "" // which no check lets pass
	}
	return string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
}

// headKind says which pseudo-fields belong to a list.
type headKind uint8

const (
	request headKind = iota
	response
)

// parseHead judges a field list by RFC 9113 §8.2 and §8.3 and sorts it. Whether the request is
// one for a WebSocket, and what content-length says, is for others. The violation is that of a
// malformed message (§8.1.1).
func parseHead(list []Field, kind headKind) (*Head, *Violation) {
	h := &Head{}
	cookies := 0
	for i, f := range list {
		if strings.HasPrefix(f.Name, ":") {
			if len(h.Fields) > 0 {
				return nil, malformed("8.3", "%s comes after fields", shown(f.Name))
			}
			if v := h.setPseudo(f, kind); v != nil {
				return nil, v
			}
			continue
		}
		if v := checkField(f); v != nil {
			return nil, v
		}
		if h.Fields == nil {
			h.Fields = make([]Field, 0, len(list)-i)
		}
		if f.Name == "cookie" {
			cookies++
		}
		if f.Name != "cookie" || cookies == 1 {
			h.Fields = append(h.Fields, f)
		}
	}
	if cookies > 1 {
		h.joinCookies(list)
	}
	if kind == response {
		return h, h.checkResponse()
	}
	return h, h.checkRequest()
}

// joinCookies joins the lines of Cookie into the first (§8.2.3): the compression likes them apart,
// nobody else.
func (h *Head) joinCookies(list []Field) {
	var values []string
	for _, f := range list {
		if f.Name == "cookie" {
			values = append(values, f.Value)
		}
	}
	first := slices.IndexFunc(h.Fields, func(f Field) bool { return f.Name == "cookie" })
	h.Fields[first].Value = strings.Join(values, "; ")
}

// setPseudo takes a pseudo-field over (§8.3: each once, and none that is not defined).
func (h *Head) setPseudo(f Field, kind headKind) *Violation {
	var to *string
	switch {
	case kind == response && f.Name == ":status":
		return h.setStatus(f.Value)
	case kind == response:
	case f.Name == ":method":
		to = &h.Method
	case f.Name == ":scheme":
		to = &h.Scheme
	case f.Name == ":authority":
		to = &h.Authority
	case f.Name == ":path":
		to = &h.Path
	case f.Name == ":protocol":
		to = &h.Protocol
	}
	switch {
	case to == nil:
		return malformed("8.3", "unknown pseudo-field %s", shown(f.Name))
	case *to != "":
		return malformed("8.3", "%s comes twice", f.Name)
	case !validValue(f.Value):
		return malformed("8.2.1", "%s has a byte that may not be in it", f.Name)
	case f.Value == "" && to != &h.Authority:
		return malformed("8.3.1", "%s is empty", f.Name)
	}
	*to = f.Value
	return nil
}

func (h *Head) setStatus(value string) *Violation {
	if h.Status != 0 {
		return malformed("8.3", ":status comes twice")
	}
	if len(value) != 3 || value[0] < '1' || value[0] > '9' {
		return malformed("8.3.2", ":status is %s", shown(value))
	}
	for _, c := range []byte(value) {
		if c < '0' || c > '9' {
			return malformed("8.3.2", ":status is %s", shown(value))
		}
		h.Status = h.Status*10 + int(c-'0')
	}
	return nil
}

// methodConnect is not taken from net/http, which does I/O.
const methodConnect = "CONNECT"

// checkRequest checks which pseudo-fields are there (§8.3.1, §8.5, RFC 8441 §4).
func (h *Head) checkRequest() *Violation {
	connect := h.Method == methodConnect && h.Protocol == ""
	switch {
	case h.Method == "":
		return malformed("8.3.1", "no :method")
	case !validToken(h.Method):
		return malformed("8.3.1", ":method is %s", shown(h.Method))
	case connect && (h.Scheme != "" || h.Path != ""):
		return malformed("8.5", "CONNECT without :protocol, but with :scheme or :path")
	case connect && h.Authority == "":
		return malformed("8.5", "CONNECT without :authority")
	case connect:
	case h.Scheme == "":
		return malformed("8.3.1", "no :scheme")
	case h.Path == "":
		return malformed("8.3.1", "no :path")
	}
	return nil
}

func (h *Head) checkResponse() *Violation {
	switch h.Status {
	case 0:
		return malformed("8.3.2", "no :status")
	case 101:
		return malformed("8.6", "status 101 does not exist in HTTP/2")
	}
	return nil
}
