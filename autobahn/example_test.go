package autobahn_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A test of a server of one's own: a selection of cases, and what did not pass.
func ExampleFuzzingClient() {
	server := httptest.NewServer(autobahn.EchoHandler(nil)) // yours
	defer server.Close()

	cases, err := autobahn.Select(autobahn.Server, "1.*,5.*,7.*", "7.13.*")
	if err != nil {
		fmt.Println(err)
		return
	}
	suite := &autobahn.FuzzingClient{
		URL:   strings.Replace(server.URL, "http", "ws", 1),
		Agent: "mine",
		Cases: cases,
	}
	agent, err := suite.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(agent.Name, "played", len(agent.Results), "cases")
	for _, r := range agent.Results {
		if !r.Worst().Passed() {
			fmt.Println(r.ID, r.Description, r.Worst(), r.Result)
		}
	}
	// Output: mine played 71 cases
}
