package handshake

// Extension is one element of Sec-WebSocket-Extensions: an offer in a request, an accepted
// extension in a response (RFC 6455 §9.1).
type Extension struct {
	Name   string  // a token; never empty after parsing
	Params []Param // in order, including duplicates; nil if there are none
}

// Param is one parameter of an [Extension]. Its meaning, and whether it may occur more than
// once, is up to the extension.
type Param struct {
	Name     string // a token
	Value    string // a token, unquoted; empty if there is none
	HasValue bool   // there is a value: "name=value", not "name"
	Quoted   bool   // the value was written as a quoted-string
}

// Limits on all lines of one Sec-WebSocket-Extensions, so that a header full of commas does not
// become a table many times its size.
const (
	maxExtensions = 64
	maxParams     = 64
)

// ParseExtensions parses the lines of Sec-WebSocket-Extensions as one list (RFC 6455 §9.1). A
// list without elements is the same as no header. The strings of the result share memory with
// the lines. The time is linear in the length of the lines.
//
// The grammar is 1#extension, so a sender of an empty list breaks a rule. Clients in use send
// it, and a recipient does not refuse it: RFC 9110 §5.6.1.2 has it ignore empty elements,
// whatever number of elements remains.
func ParseExtensions(lines []string) ([]Extension, error) {
	var x extensionList
	err := x.parse(lines)
	if err != nil {
		return nil, err
	}
	return x.extensions, nil
}

// grammarError says how a header value violates its grammar.
type grammarError string

func (e grammarError) Error() string { return string(e) }

const (
	errExtensionName  = grammarError("Sec-WebSocket-Extensions: the name of an extension is not a token")
	errParamName      = grammarError("Sec-WebSocket-Extensions: the name of a parameter is not a token")
	errParamValue     = grammarError("Sec-WebSocket-Extensions: the value of a parameter is not a token")
	errQuote          = grammarError("Sec-WebSocket-Extensions: a quoted string does not end")
	errDelimiter      = grammarError("Sec-WebSocket-Extensions: neither comma nor semicolon after an extension or parameter")
	errManyExtensions = grammarError("Sec-WebSocket-Extensions: more than 64 extensions or parameters")
)

// extensionList is the result of parsing. The next parse reuses its memory.
type extensionList struct {
	extensions []Extension
	params     []Param // of all extensions, one after the other
}

// browserOffer is the offer of most browsers. It is recognised without parsing.
const browserOffer = deflateName + "; " + clientWindowParam

var browserExtension = Extension{Name: deflateName, Params: []Param{{Name: clientWindowParam}}}

func (x *extensionList) reset() {
	clear(x.extensions)
	clear(x.params)
	x.extensions, x.params = x.extensions[:0], x.params[:0]
}

func (x *extensionList) parse(lines []string) error {
	x.reset()
	if len(lines) == 1 && lines[0] == browserOffer {
		x.extensions = append(x.extensions, browserExtension)
		return nil
	}
	for _, line := range lines {
		c := cursor{rest: line}
		for c.skip(); c.rest != ""; c.skip() {
			if c.take(',') { // RFC 9110 §5.6.1.2: empty elements are ignored
				continue
			}
			if err := x.extension(&c); err != nil {
				return err
			}
			if !c.take(',') && c.rest != "" {
				return errDelimiter
			}
		}
	}
	return nil
}

// extension parses extension-token *( ";" extension-param ), and the white space after it.
func (x *extensionList) extension(c *cursor) error {
	name := c.token()
	if name == "" {
		return errExtensionName
	}
	first := len(x.params)
	for c.skip(); c.take(';'); c.skip() {
		c.skip()
		param, err := c.param()
		if err != nil {
			return err
		}
		if len(x.params) == maxParams {
			return errManyExtensions
		}
		x.params = append(x.params, param)
	}
	if len(x.extensions) == maxExtensions {
		return errManyExtensions
	}
	e := Extension{Name: name}
	if end := len(x.params); end > first {
		e.Params = x.params[first:end:end]
	}
	x.extensions = append(x.extensions, e)
	return nil
}

// cursor is a position in a header line. Every byte is passed once.
type cursor struct{ rest string }

// skip passes white space. RFC 6455 §9.1 uses the rules of RFC 2616 "including the implied *LWS
// rule": white space is allowed between any two words or separators.
func (c *cursor) skip() {
	for c.rest != "" && isSpace(c.rest[0]) {
		c.rest = c.rest[1:]
	}
}

func (c *cursor) take(b byte) bool {
	if c.rest == "" || c.rest[0] != b {
		return false
	}
	c.rest = c.rest[1:]
	return true
}

// token passes the longest token and returns it, or "" if there is none.
func (c *cursor) token() string {
	n := 0
	for n < len(c.rest) && tokenByte[c.rest[n]] {
		n++
	}
	token := c.rest[:n]
	c.rest = c.rest[n:]
	return token
}

// param parses extension-param = token [ "=" (token | quoted-string) ].
func (c *cursor) param() (Param, error) {
	p := Param{Name: c.token()}
	if p.Name == "" {
		return p, errParamName
	}
	c.skip()
	if !c.take('=') {
		return p, nil
	}
	c.skip()
	p.HasValue = true
	if c.take('"') {
		p.Quoted = true
		value, ended := c.quoted()
		if !ended {
			return p, errQuote
		}
		p.Value = value
	} else {
		p.Value = c.token()
	}
	// RFC 6455 §9.1: after unescaping, a quoted value must be a token as well.
	if !validToken(p.Value) {
		return p, errParamValue
	}
	return p, nil
}

// quoted passes a quoted-string whose first quote has been passed, and returns its value. ended
// is false if the line ends inside it.
func (c *cursor) quoted() (value string, ended bool) {
	var unescaped []byte // nil if nothing had to be unescaped
	from := 0
	for i := 0; i < len(c.rest); i++ {
		switch c.rest[i] {
		case '"':
			value = c.rest[from:i]
			if unescaped != nil {
				value = string(append(unescaped, value...))
			}
			c.rest = c.rest[i+1:]
			return value, true
		case '\\': // RFC 2616 §2.2: quoted-pair
			unescaped = append(unescaped, c.rest[from:i]...)
			i++
			from = i
			if unescaped == nil {
				unescaped = []byte{}
			}
		}
	}
	return "", false
}

// AppendExtensions appends extensions as a value of Sec-WebSocket-Extensions. Names and values
// must be tokens.
func AppendExtensions(dst []byte, extensions []Extension) []byte {
	for i, e := range extensions {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, e.Name...)
		for _, p := range e.Params {
			dst = append(dst, "; "...)
			dst = append(dst, p.Name...)
			switch {
			case p.HasValue && p.Quoted:
				dst = append(dst, `="`...)
				dst = append(dst, p.Value...)
				dst = append(dst, '"')
			case p.HasValue:
				dst = append(dst, '=')
				dst = append(dst, p.Value...)
			}
		}
	}
	return dst
}
