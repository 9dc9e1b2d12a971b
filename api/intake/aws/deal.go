package aws

import (
	"cmp"
	"slices"
)

// deal divides units into n parts that differ by one at most.
func deal(units, n int) []int {
	parts := make([]int, n)
	for i := range parts {
		parts[i] = units / n
		if i < units%n {
			parts[i]++
		}
	}
	return parts
}

// level deals out units to n shards so that the emptiest get theirs first.
func level(avail []int, n, units int) []int {
	have := append(slices.Clone(avail), make([]int, n-len(avail))...)
	given := make([]int, n)
	emptiest := make([]int, n)
	for i := range emptiest {
		emptiest[i] = i
	}
	slices.SortFunc(emptiest, func(a, b int) int { return cmp.Compare(have[a], have[b]) })
	for k := 1; k <= n; k++ { // the k emptiest are raised to the next one's height
		room := units
		if k < n {
			room = min(units, k*(have[emptiest[k]]-have[emptiest[0]]))
		}
		for i, more := range deal(room, k) {
			given[emptiest[i]] += more
			have[emptiest[i]] += more
		}
		units -= room
	}
	return given
}

// share divides a taking of n units among shards by what each has.
func share(avail []int, n int) []int {
	var left int
	for _, units := range avail {
		left += units
	}
	taken := make([]int, len(avail))
	rest := n
	for i, units := range avail {
		if left > 0 {
			taken[i] = units * n / left
			rest -= taken[i]
		}
	}
	for i, units := range avail { // what rounding left over: fewer than there are shards
		more := min(rest, units-taken[i])
		taken[i] += more
		rest -= more
	}
	return taken
}
