package cases

import (
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

func TestSelect(t *testing.T) {
	for _, row := range []struct{ patterns, exclude, want string }{
		{"6.4.1", "", "6.4.1"},
		{"6.4.*", "", "6.4.1 6.4.2 6.4.3 6.4.4"},
		{" 6.4.3 ,6.4.1,, 6.4.1", "", "6.4.1 6.4.3"},
		{"6.4.*", "6.4.2,*.3", "6.4.1 6.4.4"},
		{"2.*", "2.?", "2.10 2.11"},
		{"*.4.1", "1*,2*", "6.4.1 9.4.1"},
		{"7.13.*,7.1.6", "", "7.1.6 7.13.1 7.13.2"},
	} {
		cases, err := Select(verdict.Server, OverHTTP1, row.patterns, row.exclude)
		if got := strings.Join(caseIDs(cases), " "); got != row.want || err != nil {
			t.Errorf("%q without %q: %s, %v; want %s", row.patterns, row.exclude, got, err, row.want)
		}
	}
	for role, want := range map[verdict.Role][]*play.Case{verdict.Server: Over(verdict.Server, OverHTTP1), verdict.Client: Over(verdict.Client, OverHTTP1)} {
		if got, err := Select(role, OverHTTP1, "", ""); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: everything is %d cases of %d, %v", role, len(got), len(want), err)
		}
		if got, err := Select(role, OverHTTP1, Original, ""); err != nil || len(got) != 517 {
			t.Errorf("%v: the original has %d cases, %v", role, len(got), err)
		}
	}
}

func TestSelectErrors(t *testing.T) {
	for _, row := range []struct{ patterns, exclude, typo string }{
		{"6.4.1,8.*", "", "8.*"},
		{"1.1.9", "", "1.1.9"},
		{"[", "", "["},
		{"", "6,4", "6"},
		{"1.*", "1.1.01", "1.1.01"},
	} {
		cases, err := Select(verdict.Server, OverHTTP1, row.patterns, row.exclude)
		typo, ok := errors.AsType[*PatternError](err)
		if !ok || typo.Pattern != row.typo || !strings.Contains(err.Error(), row.typo) || cases != nil {
			t.Errorf("%q without %q: %v, want an error about %q", row.patterns, row.exclude, err, row.typo)
		}
	}
	for _, row := range []struct {
		judged            verdict.Role
		patterns, exclude string
	}{
		{verdict.Server, "1.*", "*"},
		{verdict.Server, "20.3.*", ""}, // for clients only, which is no typo
		{verdict.Client, "20.1.*", ""},
		{verdict.Server, ",", ""},
	} {
		cases, err := Select(row.judged, OverHTTP1, row.patterns, row.exclude)
		if _, typo := errors.AsType[*PatternError](err); err == nil || typo || cases != nil {
			t.Errorf("%v, %q without %q: %d cases, %v", row.judged, row.patterns, row.exclude, len(cases), err)
		}
	}
}

// Of every group of 12 and 13, Quick has a small size and a fragmented one.
func TestQuick(t *testing.T) {
	for _, role := range []verdict.Role{verdict.Server, verdict.Client} {
		cases, err := Select(role, OverHTTP1, Quick, "")
		if err != nil {
			t.Fatal(err)
		}
		groups := map[string][]string{}
		for _, c := range cases {
			if strings.HasPrefix(c.ID, "12.") || strings.HasPrefix(c.ID, "13.") {
				group := strings.TrimSuffix(c.ID, path.Ext(c.ID))
				groups[group] = append(groups[group], path.Ext(c.ID))
			}
		}
		for group, sizes := range groups {
			if diff := cmp.Diff([]string{".4", ".13"}, sizes); diff != "" {
				t.Errorf("%v: group %s (-want +got):\n%s", role, group, diff)
			}
		}
		if len(groups) != 12 {
			t.Errorf("%v: %d groups of compression", role, len(groups))
		}
		others := func(all []*play.Case) []string {
			return slices.DeleteFunc(caseIDs(all), func(id string) bool { return strings.HasPrefix(id, "12.") || strings.HasPrefix(id, "13.") })
		}
		if diff := cmp.Diff(others(Over(role, OverHTTP1)), others(cases)); diff != "" {
			t.Errorf("%v: cases that are not about compression (-all +quick):\n%s", role, diff)
		}
	}
}

func TestCatalog(t *testing.T) {
	for _, role := range []verdict.Role{verdict.Server, verdict.Client} {
		all := Cases(role)
		if !slices.IsSortedFunc(all, func(a, b *play.Case) int { return verdict.CompareIDs(a.ID, b.ID) }) {
			t.Errorf("%v: cases are not in order", role)
		}
		seen := map[string]bool{}
		for i, c := range all {
			own := strings.HasPrefix(c.ID, "20.") || strings.HasPrefix(c.ID, "21.")
			switch {
			case seen[c.ID]:
				t.Errorf("%v: %s is there twice", role, c.ID)
			case c.Index != i+1:
				t.Errorf("%v: %s has index %d, it is number %d", role, c.ID, c.Index, i+1)
			case !strings.HasSuffix(c.Description, "."), !strings.HasSuffix(c.Expectation, "."):
				t.Errorf("%v: %s says %q and %q", role, c.ID, c.Description, c.Expectation)
			case own != (c.Sentence != ""):
				t.Errorf("%v: %s has the sentence %q", role, c.ID, c.Sentence)
			case own && !strings.HasPrefix(c.Sentence, "RFC "):
				t.Errorf("%v: %s has a sentence that does not say where from: %q", role, c.ID, c.Sentence)
			case c.Begin == nil:
				t.Errorf("%v: %s has no play", role, c.ID)
			}
			seen[c.ID] = true
			chapter, _, _ := strings.Cut(c.ID, ".")
			group := strings.TrimSuffix(c.ID, path.Ext(c.ID))
			if Title(chapter) == "" || Title(group) == "" {
				t.Errorf("%s: chapter %q, group %q", c.ID, Title(chapter), Title(group))
			}
		}
	}
	if all := len(Cases(verdict.Server)); all < 517+100 {
		t.Errorf("%d cases for servers", all)
	}
}

// There is no title for what there is no case of.
func TestTitles(t *testing.T) {
	all := append(caseIDs(Cases(verdict.Server)), caseIDs(Cases(verdict.Client))...)
	for group := range titles {
		if !slices.ContainsFunc(all, func(id string) bool { return strings.HasPrefix(id, group+".") }) {
			t.Errorf("%q is the title of nothing", group)
		}
	}
}

func caseIDs(cases []*play.Case) (list []string) {
	for _, c := range cases {
		list = append(list, c.ID)
	}
	return list
}

// caseNamed is a case by its number.
func caseNamed(t *testing.T, judged verdict.Role, id string) *play.Case {
	t.Helper()
	cases, err := Select(judged, OverHTTP1|OverHTTP2, id, "")
	if err != nil || len(cases) != 1 {
		t.Fatalf("%s: %d cases, %v", id, len(cases), err)
	}
	return cases[0]
}
