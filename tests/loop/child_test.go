//go:build !linux

package loop_test

const childEnv = "LOOP_TEST_CHILD"

func child() int { return 0 }
