package autobahn

import (
	"slices"
	"sync"
)

// Cases returns all cases for a role, in order: the 517 of the original, then chapter 20.
func Cases(judged Role) []*Case { return catalogs()[judged] }

var catalogs = sync.OnceValue(func() map[Role][]*Case {
	all := slices.Concat(chapter1(), chapter2(), chapter3(), chapter4(), chapter5(), chapter6(),
		chapter7(), chapter9(), chapter10(), chapter12(), chapter13(), chapter20())
	of := map[Role][]*Case{}
	for _, role := range []Role{Server, Client} {
		for _, c := range all {
			if c.only != 0 && c.only != role {
				continue
			}
			numbered := *c
			numbered.Index = len(of[role]) + 1
			of[role] = append(of[role], &numbered)
		}
	}
	return of
})
