//go:build unix

package main

import "testing"

func sceneTrace(t *testing.T, s *stage) {}
