package interop

import (
	"context"
	"encoding/json"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

var full = flag.Bool("full", false, "compare all 517 verdicts on each library: takes half an hour")

// What Autobahn|Testsuite itself (25.10.1, in CPython 2.7) says of the libraries in
// testee: verdicts other than OK, by role, library and case.
const verdictsFile = "testdata/autobahn-verdicts.json"

// Chapters in which nearly all verdicts differ from library to library, and which
// take seconds.
const verdictCases = "1.?.[1-7],2.*,3.*,4.*,5.*,6.*,7.*"

// Our suite says of other people's libraries what the original says of them.
func TestVerdictsAreAutobahns(t *testing.T) {
	in, err := os.ReadFile(verdictsFile)
	if err != nil {
		t.Fatal(err)
	}
	var original map[string]map[string]map[string]string
	if err := json.Unmarshal(in, &original); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "testee")
	if out, err := exec.Command("go", "build", "-o", program, "./testee").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	selection := verdictCases
	if *full {
		selection = autobahn.Original
	}
	for _, role := range []autobahn.Role{autobahn.Server, autobahn.Client} {
		cases, err := autobahn.Select(role, selection, "")
		if err != nil {
			t.Fatal(err)
		}
		for library, want := range original[role.String()] {
			t.Run(role.String()+"/"+library, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				if *full {
					ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
				}
				defer cancel()
				var results []*autobahn.Result
				if role == autobahn.Server {
					results = judgeServer(t, ctx, program, library, cases)
				} else {
					results = judgeClient(t, ctx, program, library, cases)
				}
				if len(results) != len(cases) {
					t.Errorf("%d results of %d cases", len(results), len(cases))
				}
				for _, r := range results {
					expected := want[r.ID]
					if expected == "" {
						expected = "OK"
					}
					if got := verdicts(r); got != expected {
						t.Errorf("%s: %s, the original says %s\n%s %s", r.ID, got, expected, r.Result, r.ResultClose)
					}
				}
			})
		}
	}
}

func verdicts(r *autobahn.Result) string {
	if r.BehaviorClose == autobahn.OK || r.BehaviorClose == r.Behavior {
		return string(r.Behavior)
	}
	return string(r.Behavior) + ", " + string(r.BehaviorClose)
}

func judgeServer(t *testing.T, ctx context.Context, program, library string, cases []*autobahn.Case) []*autobahn.Result {
	p := start(t, ctx, "", program, "-lib", library, "-listen", "127.0.0.1:0")
	address := strings.TrimPrefix(p.await(ctx, "listening at "), "listening at ")
	suite := &autobahn.FuzzingClient{URL: "ws://" + address + "/", Agent: library, Cases: cases}
	agent, err := suite.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return agent.Results
}

// judgeClient shares the cases among some processes: a client plays one after the
// other, and most of a case is waiting.
func judgeClient(t *testing.T, ctx context.Context, program, library string, cases []*autobahn.Case) []*autobahn.Result {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	suite := &autobahn.FuzzingServer{Cases: cases}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan error, 1)
	go func() { over <- suite.Serve(serving, l) }()
	shares := 12
	if *full {
		shares = 1 // chapters 12 and 13 need the machine for themselves
	}
	var clients []*process
	for share := range slices.Chunk(indexes(len(cases)), (len(cases)+shares-1)/shares) {
		clients = append(clients, start(t, ctx, "", program, "-lib", library, "-agent", library,
			"-testee", "ws://"+l.Addr().String(), "-from", strconv.Itoa(share[0]), "-to", strconv.Itoa(share[len(share)-1])))
	}
	for _, c := range clients {
		select {
		case <-c.done:
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
	}
	agents := suite.Agents()
	stop()
	<-over
	if len(agents) != 1 {
		t.Fatalf("%d agents", len(agents))
	}
	return agents[0].Results
}

// indexes are 1 to n.
func indexes(n int) (list []int) {
	for i := range n {
		list = append(list, i+1)
	}
	return list
}
