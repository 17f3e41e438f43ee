package autobahn

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
)

// A server that asks for a token, an origin and a subprotocol is judged like any other, and no
// report has the token.
func TestFuzzingClientHeader(t *testing.T) {
	echo := websocket.Handler(Echo, &websocket.AcceptOptions{Subprotocols: []string{"chat"}, OriginPatterns: []string{"app.example"}})
	var mu sync.Mutex
	offers := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		offers[strings.Join(r.Header["Sec-Websocket-Protocol"], ",")] = true
		mu.Unlock()
		switch {
		case r.Header.Get("Authorization") != "Bearer 12345", r.Header.Get("Origin") != "https://app.example", r.UserAgent() != "probe/1":
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case !strings.Contains(r.Header.Get("Sec-WebSocket-Protocol"), "chat"):
			http.Error(w, "chat only", http.StatusBadRequest)
		default:
			echo.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	suite := &FuzzingClient{
		URL:    "ws" + strings.TrimPrefix(server.URL, "http"),
		Cases:  selected(t, Server, "1.1.[1-3],20.2.*"),
		Header: http.Header{"Authorization": {"Bearer 12345"}, "Origin": {"https://app.example"}, "User-Agent": {"probe/1"}},

		Subprotocols: []string{"chat", "talk"},
	}
	agent, err := suite.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range agent.Results {
		want := OK
		if r.ID == "20.2.10" || r.ID == "20.2.11" || r.ID == "20.2.12" {
			want = Informational // these offer subprotocols of their own, or none
		}
		if r.Worst() != want {
			t.Errorf("%s: %s, %s", r.ID, r.Worst(), r.Result)
		}
	}
	text, err := json.Marshal(agent.Results)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "12345") || strings.Contains(string(text), "3132333435") {
		t.Error("the report has the token")
	}
	for _, offer := range []string{"chat, talk", "", "hawser-one, hawser-two", "hawser-one,hawser-two"} {
		if !offers[offer] {
			t.Errorf("nothing was offered as %q, but %v", offer, offers)
		}
	}
}

// The suite's own fields are its own, and what cannot be sent is not.
func TestFuzzingClientHeaderWrong(t *testing.T) {
	for name, suite := range map[string]*FuzzingClient{
		"Upgrade":               {Header: http.Header{"Upgrade": {"h2c"}}},
		"Host":                  {Header: http.Header{"Host": {"a"}}},
		"Sec-Websocket-Key":     {Header: http.Header{"Sec-Websocket-Key": {"a"}}},
		"a\\r\\nb":              {Header: http.Header{"X": {"a\r\nb"}}},
		`"not a token"`:         {Subprotocols: []string{"not a token"}},
		`field "not a token"`:   {Header: http.Header{"not a token": {"a"}}},
		"not the URL of a WebS": {},
	} {
		if suite.URL = "ws://127.0.0.1:1/"; strings.HasPrefix(name, "not the URL") {
			suite.URL = "http://127.0.0.1:1/"
		}
		if _, err := suite.Run(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}
