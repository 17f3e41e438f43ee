package show

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
)

// JSON writes one object with all results. It streams them.
func JSON(w io.Writer, name string, t *trace.Trace) error {
	out := bufio.NewWriter(w)
	head, err := json.Marshal(struct {
		File string `json:"file"`
		*trace.Trace
	}{name, t})
	if err != nil {
		return err
	}
	out.Write(head[:len(head)-1])
	out.WriteString(`,"streams":[`)
	separator := "\n"
	for k, err := range t.Kept() {
		if err != nil {
			return err
		}
		out.WriteString(separator)
		separator = ",\n"
		c, err := k.Conversation()
		if err != nil {
			return err
		}
		summary, err := json.Marshal(c)
		if err != nil {
			return err
		}
		out.Write(summary[:len(summary)-1])
		out.WriteString(`,"events":[`)
		n := 0
		for e, err := range k.Raw() {
			if err != nil {
				return err
			}
			if n > 0 {
				out.WriteByte(',')
			}
			out.WriteString("\n  ")
			out.Write(e)
			n++
		}
		out.WriteString("]}")
	}
	out.WriteString("]}\n")
	return out.Flush()
}
