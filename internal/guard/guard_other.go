//go:build !darwin && !linux

package guard

import "testing"

func fenced(testing.TB, int) []byte { return nil }
