// The testee of github.com/lxzan/gws, which checks text itself, at the end of a message.

package main

import (
	"bytes"
	"errors"
	"log"
	"net/http"
	"time"

	"github.com/lxzan/gws"
)

// gwsLimit is above the largest message of the suite, 16 MiB, which is exactly the default.
const gwsLimit = 64 << 20

// gwsDeflate keeps the windows between messages in both directions. Their sizes are the
// library's defaults, or what the peer requests.
var gwsDeflate = gws.PermessageDeflate{
	Enabled:               true,
	ServerContextTakeover: true,
	ClientContextTakeover: true,
}

var gwsUpgrader = gws.NewUpgrader(&gwsEcho{}, &gws.ServerOption{
	PermessageDeflate:   gwsDeflate,
	CheckUtf8Enabled:    true,
	ReadMaxPayloadSize:  gwsLimit,
	WriteMaxPayloadSize: gwsLimit,
	Recovery:            gws.Recovery,
})

func serveGws(w http.ResponseWriter, r *http.Request) {
	c, err := gwsUpgrader.Upgrade(w, r)
	if err != nil {
		log.Print(err)
		return
	}
	c.ReadLoop()
}

type gwsClient struct{}

func (gwsClient) message(url string) ([]byte, error) {
	var first gwsFirst
	if err := runGws(&first, url); err != nil {
		return nil, err
	}
	if first.message == nil {
		return nil, errors.New("no message")
	}
	return first.message, nil
}

func (gwsClient) echo(url string) error { return runGws(&gwsEcho{}, url) }

// runGws returns when the connection has ended.
func runGws(handler gws.Event, url string) error {
	c, _, err := gws.NewClient(handler, &gws.ClientOption{
		Addr:                url,
		PermessageDeflate:   gwsDeflate,
		CheckUtf8Enabled:    true,
		ReadMaxPayloadSize:  gwsLimit,
		WriteMaxPayloadSize: gwsLimit,
		Recovery:            gws.Recovery,
	})
	if err != nil {
		return err
	}
	defer c.NetConn().Close()
	if err := c.SetDeadline(time.Now().Add(caseLimit)); err != nil {
		return err
	}
	c.ReadLoop()
	return nil
}

type gwsEcho struct{ gws.BuiltinEventHandler }

// OnPing is needed because the built-in one answers without the payload.
func (*gwsEcho) OnPing(c *gws.Conn, payload []byte) {
	if err := c.WritePong(payload); err != nil {
		log.Print(err)
	}
}

func (*gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if err := c.WriteMessage(m.Opcode, m.Bytes()); err != nil {
		log.Print(err)
	}
}

func (*gwsEcho) OnClose(_ *gws.Conn, err error) {
	if _, closed := errors.AsType[*gws.CloseError](err); !closed {
		log.Print(err)
	}
}

// gwsFirst stores the first message.
type gwsFirst struct {
	gws.BuiltinEventHandler
	message []byte
}

func (f *gwsFirst) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	if f.message == nil {
		f.message = bytes.Clone(m.Bytes())
	}
}
