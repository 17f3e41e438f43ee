package autobahn

import (
	"slices"
	"strconv"
	"strings"
)

// compareIDs orders case numbers: 2.9 comes before 2.10.
func compareIDs(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
}

// inOrder sorts results by case.
func inOrder(results []*Result) []*Result {
	slices.SortFunc(results, func(a, b *Result) int { return compareIDs(a.ID, b.ID) })
	return results
}
