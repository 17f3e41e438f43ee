package verdict

import (
	"slices"
	"strings"
	"testing"
)

func TestCompareIDs(t *testing.T) {
	list := strings.Fields("20.10.1 2.10 13.1.1 2.9 2.9.1 1.1.10 1.1.9 20.9.1")
	slices.SortFunc(list, CompareIDs)
	if got := strings.Join(list, " "); got != "1.1.9 1.1.10 2.9 2.9.1 2.10 13.1.1 20.9.1 20.10.1" {
		t.Error(got)
	}
}
