package trace_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/h2"
)

// perform does on an HTTP/2 connection what each four bytes of script say.
func (m *multiplexed) perform(script []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	for ; len(script) >= 4; script = script[4:] {
		dir, op, stream, arg := int(script[0]>>7), script[0]&0x1f, uint32(script[1]), script[2]
		flags := h2.Flags(script[3])
		switch op {
		case 0, 1:
			m.open(stream, fmt.Sprint("/", arg))
		case 2:
			m.headers(0, stream, flags, connect("/deflate", offersDeflate)...)
			m.headers(1, stream, flags, ":status: 200", agreesDeflate)
		case 3, 4, 5:
			text := synth.Text(nil, fmt.Sprintf(`{"n":%d}`, arg))
			if dir == 0 {
				text = synth.Text(r, fmt.Sprintf(`{"n":%d}`, arg))
			}
			m.frame(dir, h2.TypeData, flags&h2.FlagEndStream, stream, string(text))
		case 6:
			m.frame(dir, h2.TypeData, flags, stream, string([]byte{arg, 0x81, arg, 1, 2, 3, 4, 5, 6}))
		case 7:
			m.data(dir, stream, synth.Frame(frame.Header{Opcode: frame.Close, FIN: true, Key: frame.Key(1 - dir)}, "\x03\xe8"))
		case 8:
			m.reset(dir, stream, h2.Code(arg))
		case 9:
			m.endStream(dir, stream)
		case 10:
			m.headers(dir, stream, flags, ":method: GET", ":scheme: https", fmt.Sprint(":path: /", arg), ":authority: h")
		case 11:
			m.headers(dir, stream, flags, fmt.Sprint(":status: ", 100+int(arg)*3), "x: y")
		case 12:
			m.settings(dir, h2.Setting(arg%10), h2.Setting(flags))
		case 13:
			m.Lose(dir, int(arg))
		case 14:
			p := raw(h2.TypeData, 0, stream, "0123456789012345678901234567890123456789")
			m.Send(dir, p[:int(arg)%len(p)])
			m.Lose(dir, len(p)-int(arg)%len(p))
		case 15:
			block := m.block(dir, connect("/in pieces")...)
			cut := int(arg) % len(block)
			m.frame(dir, h2.TypeHeaders, flags&^h2.FlagEndHeaders, stream, block[:cut])
			m.frame(dir, h2.TypeContinuation, h2.FlagEndHeaders, stream, block[cut:])
		case 16:
			m.frame(dir, h2.TypeHeaders, flags, stream, string([]byte{arg, 0x82, byte(stream), arg}))
		case 17:
			m.frame(dir, h2.Type(arg), flags, stream, "12345678")
		case 18:
			m.goAway(dir, stream, h2.Code(arg), "bye\x1b")
		case 19:
			m.frame(dir, h2.TypePushPromise, flags, stream, "\x00\x00\x00"+string(rune(arg&0x7f))+m.block(dir, ":method: GET", ":path: /"))
		case 20:
			m.Send(dir, script[:4])
		case 21:
			m.End(dir)
		case 22:
			m.Packet(dir, "R", nil)
		case 23: // the capture begins here
			m.Packets = nil
		case 24:
			m.talk(stream, r, int(arg)%5)
		case 25:
			m.MSS = 1 + int(arg)*6
		}
	}
}

// FuzzHTTP2 lets two ends of an HTTP/2 connection say what they like; to the packets of that
// happens what the second script says. What FuzzTrace asks for holds here as well.
func FuzzHTTP2(f *testing.F) {
	for op := range byte(26) {
		f.Add([]byte{0, 1, 2, 0, 3, 1, 9, 0, 0x83, 1, 9, 0, op, 1, 7, 4, op | 0x80, 1, 40, 1, op, 3, 5, 8, 24, 1, 4, 0, 7, 1, 0, 0, 0x87, 1, 0, 0}, []byte{})
		f.Add([]byte{0, 1, 2, 0, 23, 0, 0, 0, 24, 1, 4, 0, op, 5, 7, 5, op | 0x80, 3, 200, 255, 24, 1, 3, 0}, []byte{op, 3, 4, 5})
	}
	quiet := witness()
	want := conversation(f, read(f, quiet.Bytes(), trace.Options{}))
	f.Fuzz(func(t *testing.T, script, accidents []byte) {
		if len(script) > 1<<12 || len(accidents) > 1<<8 {
			return
		}
		m := dialHTTP2()
		m.perform(script)
		file := mixed(mutate(m.Packets, accidents), quiet)
		tr, err := bounded(t, file)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tr.Close() }()
		check(t, tr, len(script)/4)
		if got := conversation(t, &found{Trace: tr}); got != want {
			t.Errorf("the conversation that nobody touched:\n got %s\nwant %s", got, want)
		}
	})
}
