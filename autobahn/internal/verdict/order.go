package verdict

import (
	"slices"
	"strconv"
	"strings"
)

// CompareIDs orders case numbers: 2.9 comes before 2.10.
func CompareIDs(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
}

// InOrder sorts results by case.
func InOrder(results []*Result) []*Result {
	slices.SortFunc(results, func(a, b *Result) int { return CompareIDs(a.ID, b.ID) })
	return results
}
