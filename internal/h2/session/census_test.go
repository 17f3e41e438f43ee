package session

import (
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// When all is over, what the one may send is what the other takes. Sessions that run are listed
// with the tag poolcheck.
func TestAccounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{}, func(x *Stream) {
			echo := make([]byte, 30_000)
			for {
				n, err := x.Read(echo)
				if err != nil {
					return
				}
				if _, err := x.Write(echo[:n], nil); err != nil {
					return
				}
			}
		})
		x := p.open()
		if _, err := x.Write(make([]byte, 20_000), nil); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < 20_000; {
			n, err := x.Read(make([]byte, 20_000))
			if got += n; err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		client, server := p.client.account(), p.server.account()
		if client.InUse != 1 || server.InUse != 1 || client.In+client.Owed != client.Size || client.Owed != 20_000 {
			t.Errorf("client %+v, server %+v", client, server)
		}
		_ = x.Close()
		synctest.Wait()
		client, server = p.client.account(), p.server.account()
		if client.InUse+server.InUse+client.Pending+server.Pending != 0 || client.Out != server.In || server.Out != client.In {
			t.Errorf("client %+v, server %+v", client, server)
		}
		want := 0
		if poolcheck.Enabled {
			want = 2
		}
		if n := len(Accounts()); n != want {
			t.Errorf("%d sessions are listed, want %d", n, want)
		}
		p.end()
		if n := len(Accounts()); n != 0 {
			t.Errorf("%d sessions are listed after their end", n)
		}
	})
}
