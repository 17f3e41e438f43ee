package websocket

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// The options of every connection have the same name and type in all three kinds of
// options, and each kind hands on all of them.
func TestOptionsAgree(t *testing.T) {
	want := settings{
		compressionThreshold: 1,
		compressionLevel:     2,
		onPingReceived:       func(context.Context, []byte) bool { return true },
		onPongReceived:       func(context.Context, []byte) {},
		limits:               Limits{Message: 3, Frame: 4, Fragments: 5, HeaderBytes: 6, HeaderFields: 7},
		timeouts:             Timeouts{Handshake: time.Second, Close: time.Minute, Write: time.Hour},
		keepAlive:            KeepAlive{Interval: 8, Timeout: 9},
		trace:                &Trace{},
	}
	for _, test := range []struct {
		options interface{ settings() settings }
		level   string
	}{
		{&AcceptOptions{}, "Compression.Level"},
		{&DialOptions{}, "Compression.Level"},
		{&ConnOptions{}, "CompressionLevel"},
	} {
		options := reflect.ValueOf(test.options).Elem()
		each := func(do func(name string, option, want reflect.Value)) {
			for f, value := range reflect.ValueOf(&want).Elem().Fields() {
				name := strings.ToUpper(f.Name[:1]) + f.Name[1:]
				path := name
				if name == "CompressionLevel" {
					path = test.level
				}
				option := options
				for part := range strings.SplitSeq(path, ".") {
					option = option.FieldByName(part)
				}
				if !option.IsValid() || option.Type() != f.Type || value.IsZero() {
					t.Fatalf("%v.%s: %v, want %v", options.Type(), path, option, f.Type)
				}
				do(name, option, value)
			}
		}
		each(func(_ string, option, want reflect.Value) {
			// What is unexported in want may not be assigned as it is.
			option.Set(reflect.NewAt(want.Type(), want.Addr().UnsafePointer()).Elem())
		})
		got := test.options.settings()
		handed := reflect.ValueOf(&got).Elem()
		i := 0
		each(func(name string, _, want reflect.Value) {
			if v := handed.Field(i); v.Kind() == reflect.Func && v.Pointer() != want.Pointer() || v.Kind() != reflect.Func && !v.Equal(want) {
				t.Errorf("%v does not hand on %s", options.Type(), name)
			}
			i++
		})
	}
}

// They are documented once, in ConnOptions; the other two say where, and list them in the
// same order.
func TestOptionsAreDocumentedOnce(t *testing.T) {
	const first, elsewhere = "CompressionThreshold", "These fields are documented in [ConnOptions].\n"
	block := func(file, typ string) (names, docs []string) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for n := range ast.Preorder(f) {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != typ {
				continue
			}
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				if name := field.Names[0].Name; name == first || len(names) > 0 {
					names, docs = append(names, name), append(docs, field.Doc.Text())
				}
			}
		}
		return names, docs
	}
	want, docs := block("options.go", "ConnOptions")
	if len(want) != reflect.TypeFor[settings]().NumField()-1 {
		t.Errorf("ConnOptions documents %q, which is not all of settings", want)
	}
	for i, doc := range docs {
		// KeepAlive and Timeouts share a comment with Limits, as gofmt shows it.
		if doc == "" && want[i] != "Timeouts" && want[i] != "KeepAlive" {
			t.Errorf("ConnOptions.%s is not documented", want[i])
		}
	}
	for file, typ := range map[string]string{"accept.go": "AcceptOptions", "dial.go": "DialOptions"} {
		got, docs := block(file, typ)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %q, ConnOptions %q", typ, got, want)
		}
		if len(docs) == 0 || docs[0] != elsewhere || strings.Join(docs[1:], "") != "" {
			t.Errorf("%s does not say where its options are documented: %q", typ, docs)
		}
	}
}

// Connections with the same options share what does not change, a few kinds of them at a time.
// Those with functions of the application do not: they would be kept for ever.
func TestTermsAreShared(t *testing.T) {
	s := &settings{limits: Limits{Frame: 977}}
	first := s.terms("a")
	for _, name := range []string{"b", "c", "d"} {
		if s.terms(name) == first || s.terms(name).subprotocol != name {
			t.Errorf("the terms of %q are not its own", name)
		}
	}
	if s.terms("a") != first {
		t.Error("four kinds are not shared")
	}
	if s.terms("e"); s.terms("a") == first {
		t.Error("the oldest kind is still kept")
	}
	s.trace = &Trace{}
	if traced := s.terms("a"); s.terms("a") == traced {
		t.Error("terms with a Trace are kept")
	}
	s.trace, s.onPongReceived = nil, func(context.Context, []byte) {}
	if called := s.terms("a"); s.terms("a") == called {
		t.Error("terms with a callback are kept")
	}
}
