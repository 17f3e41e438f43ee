package wstest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

// A loop that answers through a Batch leaves the sending to its reads. Nothing stays
// behind while another comes in the way, who may send it and does not: each question
// waits for the last answer.
func TestReadsSendBatchAmongOthers(t *testing.T) {
	for name, open := range map[string]openStream{"memory": openMemory, "TCP": openTCP, "TCP without deadlines": socketStreams["TCP without deadlines"]} {
		t.Run(name, func(t *testing.T) { answerAmongOthers(t, open(t, &dice{r: rand.New(rand.NewPCG(4, 0))})) })
	}
}

func answerAmongOthers(t *testing.T, streams [2]io.ReadWriteCloser) {
	server := websocket.NewConn(streams[0], websocket.RoleServer, nil)
	client := websocket.NewConn(streams[1], websocket.RoleClient, nil)
	defer server.CloseNow()
	defer client.CloseNow()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() {
		b := server.Batch()
		for m, err := range server.Messages(context.Background()) {
			if err == nil {
				err = b.Write(context.Background(), m.Type, m.Data)
			}
			if err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
	gone, giveUp := context.WithCancel(context.Background())
	giveUp()
	all.Go(func() {
		for ctx.Err() == nil { // a Flush that is given up comes in the way and sends nothing
			_ = server.Batch().Flush(gone)
		}
	})
	for i := range 2_000 {
		want := fmt.Sprint(i)
		if err := client.Write(ctx, websocket.MessageText, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := client.Read(ctx); err != nil || string(got) != want {
			t.Fatalf("answer %d: %q, %v", i, got, err)
		}
	}
	cancel()
	if err := client.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	all.Wait()
}
