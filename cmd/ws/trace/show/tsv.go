package show

import (
	"bufio"
	"fmt"
	"io"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// Frames writes one line for each frame, ordered by stream. Within a stream the client's frames
// come first.
func Frames(w io.Writer, t *trace.Trace) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "stream\tdir\tidx\toffset\tfin\trsv\topcode\tmask\tlen\tkey\tsha256_unmasked_payload\tclose")
	err := byDirection(t, func(c *trace.Conversation, f *trace.Frame) {
		closed := ""
		if f.Close != nil {
			closed = fmt.Sprintf("%d %s", f.Close.Code, payload.Visible(f.Close.Reason))
		}
		fmt.Fprintf(out, "%s\t%v\t%d\t%d\t%d\t%d\t%s\t%d\t%d\t%s\t%s\t%s\n", c.Name(), f.Dir, f.Index, f.Offset,
			bit(f.FIN), f.RSV, f.Opcode, bit(f.Masked), f.Length, f.Key, f.SHA256, closed)
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// Messages writes one line for each message, in the same order. A message that could not be
// decompressed has neither length nor digest.
func Messages(w io.Writer, t *trace.Trace) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "stream\tdir\tidx\ttype\tcompressed\tfragments\twire_len\tlen\tsha256")
	err := byDirection(t, func(c *trace.Conversation, f *trace.Frame) {
		m := f.Message
		if m == nil {
			return
		}
		length := fmt.Sprint(m.Length)
		if m.Unreadable != "" {
			length = ""
		}
		fmt.Fprintf(out, "%s\t%v\t%d\t%s\t%d\t%d\t%d\t%s\t%s\n", c.Name(), f.Dir, m.Index, m.Type,
			bit(m.Compressed), m.Fragments, m.Wire, length, m.SHA256)
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

func byDirection(t *trace.Trace, row func(*trace.Conversation, *trace.Frame)) error {
	for k, err := range t.Kept() {
		if err != nil {
			return err
		}
		c, err := k.Conversation()
		if err != nil {
			return err
		}
		for _, d := range []trace.Dir{trace.FromClient, trace.FromServer} {
			for f, err := range k.Frames(d) {
				if err != nil {
					return err
				}
				row(c, f)
			}
		}
	}
	return nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
