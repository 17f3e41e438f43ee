package wire

import (
	"fmt"
	"unicode/utf8"
)

// Limits of the values in a message.
const (
	MaxInteger = 1<<53 - 1 // the largest exact integer in JavaScript
	MaxName    = 40        // characters
)

// Decode decodes a message from a page. The error says what is wrong, in a text that fits into
// the reason of a Close frame. The result does not share memory with p.
func (c *Codec) Decode(p []byte) (FromPage, error) {
	fields, err := c.form.fields(p)
	if err != nil {
		return nil, err
	}
	d := decoder{codec: c, fields: fields}
	kind := d.text("type", anyText)
	switch kind {
	case "join":
		return d.join()
	case "signal":
		return d.signal()
	case "leave":
		return Leave{}, nil
	}
	if d.err != nil {
		return nil, d.err
	}
	return nil, fmt.Errorf("no message has the type %.20q", kind)
}

// decoder reads fields until one is invalid. After that it returns zero values.
type decoder struct {
	codec  *Codec
	fields map[string][]byte
	err    error
}

func (d *decoder) join() (FromPage, error) {
	m := Join{
		Key:     d.text("key", ValidKey),
		Session: d.integer("session", 1),
		Attempt: d.integer("attempt", 1),
	}
	if d.has("name") {
		m.Name = d.text("name", ValidName)
	}
	return m, d.wrap("join")
}

func (d *decoder) signal() (FromPage, error) {
	m := Signal{To: d.text("to", ValidIdentity)}
	if d.has("session") {
		m.Session = d.integer("session", 1)
	}
	if d.has("ack") {
		m.Ack = d.integer("ack", 0)
	}
	if d.has("seq") || d.has("data") {
		m.Seq = d.integer("seq", 1)
		m.Data = d.data("data")
	}
	return m, d.wrap("signal")
}

func (d *decoder) has(name string) bool { return d.fields[name] != nil }

func (d *decoder) wrap(kind string) error {
	if d.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", kind, d.err)
}

// field returns a required field.
func (d *decoder) field(name string) (raw []byte, ok bool) {
	if d.err != nil {
		return nil, false
	}
	if !d.has(name) {
		d.err = fmt.Errorf("%s is missing", name)
		return nil, false
	}
	return d.fields[name], true
}

func (d *decoder) text(name string, valid func(string) error) string {
	raw, ok := d.field(name)
	if !ok {
		return ""
	}
	s, err := d.codec.form.text(raw)
	if err == nil {
		err = valid(s)
	}
	if err != nil {
		d.err = fmt.Errorf("%s: %w", name, err)
		return ""
	}
	return s
}

func (d *decoder) integer(name string, least uint64) uint64 {
	raw, ok := d.field(name)
	if !ok {
		return 0
	}
	n, err := d.codec.form.integer(raw)
	if err != nil || n < least || n > MaxInteger {
		d.err = fmt.Errorf("%s: not an integer from %d to 2^53-1", name, least)
		return 0
	}
	return n
}

func (d *decoder) data(name string) Data {
	raw, ok := d.field(name)
	if !ok {
		return Data{}
	}
	data, err := NewData(d.codec, raw)
	if err != nil {
		d.err = fmt.Errorf("%s: %w", name, err)
	}
	return data
}

func anyText(string) error { return nil }

// ValidName checks the name of a member.
func ValidName(s string) error {
	if utf8.RuneCountInString(s) > MaxName {
		return fmt.Errorf("more than %d characters", MaxName)
	}
	return nil
}
