package section

import "strings"

// The forms of texts are told by hand where every run reads them: making regular expressions costs more than the rest of
// reading a file.

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// only says whether a text is made of the given ASCII characters.
func only(text, characters string) bool { return strings.Trim(text, characters) == "" }

// cutDigits takes off the digits that a text begins with.
func cutDigits(text string) (amount, rest string) {
	rest = strings.TrimLeft(text, digits)
	return text[:len(text)-len(rest)], rest
}

// cutNumber takes off what a text begins with of the form that number describes; nothing is no number.
func cutNumber(text string) (amount, rest string) {
	amount, rest = cutDigits(text)
	if after, ok := strings.CutPrefix(rest, "."); ok && amount != "" {
		if fraction, end := cutDigits(after); fraction != "" {
			return text[:len(text)-len(end)], end
		}
	}
	return amount, rest
}

// isBare says whether a text is a number with a sign at most: ^-?number$.
func isBare(text string) bool {
	amount, rest := cutNumber(strings.TrimPrefix(text, "-"))
	return amount != "" && rest == ""
}

// cutWhole takes off a whole number without leading zeros: -?(0|[1-9][0-9]*).
func cutWhole(text string) (rest string, ok bool) {
	amount, rest := cutDigits(strings.TrimPrefix(text, "-"))
	return rest, amount == "0" || (amount != "" && amount[0] != '0')
}

// isWhole says whether a text is a whole number in plain decimal digits.
func isWhole(text string) bool {
	rest, ok := cutWhole(text)
	return ok && rest == ""
}

// isNumber says whether a text is a number as JSON writes it: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?.
func isNumber(text string) bool {
	rest, ok := cutWhole(text)
	if after, dot := strings.CutPrefix(rest, "."); ok && dot {
		var fraction string
		fraction, rest = cutDigits(after)
		ok = fraction != ""
	}
	if !ok || rest == "" {
		return ok
	}
	exponent := strings.TrimLeft(rest[1:], "+-")
	return only(rest[:1], "eE") && len(rest)-len(exponent) <= 2 && exponent != "" && only(exponent, digits)
}

// isBareWord says whether a scalar is shown without quotes: ^[0-9.+-][A-Za-z0-9._+-]{0,30}%?$.
func isBareWord(text string) bool {
	word := strings.TrimSuffix(text, "%")
	return len(word) > 0 && len(word) <= 31 && only(word[:1], digits+".+-") && only(word, letters+digits+"._+-")
}

// isPlainKey says whether a key stands in paths as it is: ^[A-Za-z0-9_-]{1,60}$.
func isPlainKey(key string) bool {
	return len(key) > 0 && len(key) <= 60 && only(key, letters+digits+"_-")
}

// isVariable says whether a text can be a variable's name: ^[A-Za-z_][A-Za-z0-9_]*$.
func isVariable(name string) bool {
	return name != "" && !only(name[:1], digits) && only(name, letters+digits+"_")
}
