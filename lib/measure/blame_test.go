package measure

import "testing"

func TestDigitsOfAPathAreFoldedButNotThoseOfEncodedLetters(t *testing.T) {
	for path, want := range map[string]string{
		"/videos/123/parts/4?n=1": "/videos/#/parts/#",
		"/v/%E3%81%82/12":         "/v/%E3%81%82/#",
		"/a%20b7":                 "/a%20b#",
		"/100%":                   "/#%",
		"/5%2":                    "/#%#",
		"/50%off":                 "/#%off",
		"/%zz1":                   "/%zz#",
		"/1%31":                   "/#%31",
	} {
		if got := folded([]byte(path)); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}
