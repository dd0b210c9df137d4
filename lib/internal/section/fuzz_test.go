package section

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse puts a line with a secret between two pieces of text: whatever they are, nothing panics, and no message
// about another line shows the secret.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("", string(data))
		f.Add(string(data), "")
		if half := strings.LastIndexByte(string(data[:len(data)/2]), '\n') + 1; half > 0 {
			f.Add(string(data[:half]), string(data[half:]))
		}
	}
	f.Add("pipelines:\n  - name: 'x", "'\n")
	f.Add(`{pipelines: "`, `", "a": 1}`)
	f.Add("a: |\n", " b")
	f.Add("${", "}")
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.Contains(before+after, "hunter2") {
			t.Skip()
		}
		const secretLine = "\npassword: hunter2\n"
		config, errs := load("f.yaml", []byte(before+secretLine+after), environment)
		for _, e := range errs {
			if strings.Contains(e.Error()+e.Hint, "hunter2") {
				t.Errorf("secret shown by %v; hint: %s", e, e.Hint)
			}
			if strings.ContainsAny(e.Error()+e.Hint, "\n\r\x1b") || e.Rule == "" || e.Line < 1 {
				t.Errorf("bad message %+q", e)
			}
		}
		if len(errs) == 0 && len(config.Pipelines) == 0 {
			t.Error("accepted a file without pipelines")
		}
	})
}
