package section

import "strings"

// Suggest returns the candidate that word was probably meant to be: the nearest by insertions, deletions, replacements
// and swaps of neighbours (optimal string alignment), at most a third of the word's length away; the first of equals.
// Case and the difference between - and _ count for nothing.
func Suggest(word string, candidates []string) (string, bool) {
	const longest = 64 // longer words are no misspelt keys
	if word == "" || len(word) > longest {
		return "", false
	}
	word = plainWord(word)
	best, limit := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if len(candidate) > longest {
			continue
		}
		if d := distance(word, plainWord(candidate)); d < limit && d < len(candidate) {
			best, limit = candidate, d
		}
	}
	return best, best != ""
}

func plainWord(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance is the optimal string alignment distance of two texts in bytes.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// keysHint is the hint for a key that isn't one of those known here.
func keysHint(word string, known []string) string {
	hint := "keys here: " + strings.Join(known, ", ")
	if best, ok := Suggest(word, known); ok {
		return `did you mean "` + best + `"? ` + hint
	}
	return hint
}
