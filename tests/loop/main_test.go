package loop_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" { // a process that a test has started
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}
