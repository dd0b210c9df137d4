package config_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

func read(text string, env map[string]string) error {
	reader := config.Reader{Kinds: builtin.Kinds(), Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }, Zone: time.UTC}
	_, err := reader.Read([]config.Source{{Name: "f", Path: "/f", Text: []byte(text)}})
	return err
}

// said is all that a program prints of an error.
func said(err error) string {
	var b strings.Builder
	for _, e := range section.All(err) {
		fmt.Fprintln(&b, e, e.Hint)
	}
	return b.String()
}

// TestOfAFileThatIsNoConfigurationNothingIsShown: place and rule only, whatever it is.
func TestOfAFileThatIsNoConfigurationNothingIsShown(t *testing.T) {
	for name, text := range map[string]string{
		"shadow":      "root:*:20228:0:99999:7:::\ndaemon:$y$j9T$Zq8Xk2:20228:0:99999:7:::\n",
		"credentials": "[default]\naws_access_key_id = AKIAQZX8Y7W6\naws_secret_access_key = wJalrXUtnFEMI\n",
		"dotenv":      "DB_PASSWORD=hunQter2\nexport API_TOKEN='tok-Zx81q'\n",
		"one word":    "hunQter2",
		"pgpass":      "db:5432:app:app:hunQter2\n",
		"netrc":       "machine api login deploy password hunQter2\n",
		"a key":       "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----\n",
		"a secret":    "apiVersion: v1\nkind: Secret\nmetadata: { name: zqxwv }\ndata:\n  password: aHVuUXRlcjI=\n",
		"a list":      "- hunQter2\n- !tagQx8 a\n- &anchQx8 b\n- *aliasQx8\n",
		"a variable":  "token: ${ZQX_TOKEN}\nother: ${ZQX-1}\n",
		"json":        `{"password": "hunQter2", "password": null}`,
		"half a file": "x: \"hunQter2\n",
		"tabs":        "\tpass:\thunQter2\n\t\t- zqxw\n",
	} {
		err := read(text, nil)
		if err == nil {
			t.Errorf("%s was taken for a configuration", name)
			continue
		}
		if got := said(err); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "f:1: is no configuration of this program: ") {
			t.Errorf("%s: %s", name, got)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		var b strings.Builder
		for range 1 + r.IntN(40) {
			b.WriteString([]string{"zQx8w", "Kk7Vj", ": ", ":", " ", "\n", "\n  ", "- ", "'", `"`, "[", "]", "{", "}", "!", "&", "*", "${", "}", "%", "@", "|", ">", "#", "null", "\t", "?", ","}[r.IntN(28)])
		}
		err := read(b.String(), nil)
		if err == nil {
			t.Fatalf("%q was taken for a configuration", b.String())
		}
		if got := said(err); strings.Contains(got, "zQx8") || strings.Contains(got, "Kk7V") {
			t.Fatalf("%q: %s", b.String(), got)
		}
	}
}

// TestAMisspeltConfigurationIsStillOne, and is told what is wrong with it.
func TestAMisspeltConfigurationIsStillOne(t *testing.T) {
	for text, want := range map[string]string{
		"piplines: []\n":             "did you mean",
		"state_dir: /x\n":            `missing key "pipelines"`,
		"pipelines:\n- nam: x\n":     `"nam"`,
		"Pipelines:\n  - name: [x\n": "not valid YAML",
		"":                           "file is empty",
	} {
		if got := said(read(text, nil)); !strings.Contains(got, want) {
			t.Errorf("%q: want %q, got %s", text, want, got)
		}
	}
}

// TestALoginInAURLIsRefusedAndNotShown, at every level where a URL may stand.
func TestALoginInAURLIsRefusedAndNotShown(t *testing.T) {
	const base = `
aws: { region: eu-west-1, %[1]s }
pipelines:
- name: v
  aws: { %[2]s }
  runbook: "%[5]s"
  stages: [ { name: in, aws: { %[3]s }, kinesis: { stream: ev, %[4]s } }, { name: worker, lambda: { function: f } } ]
  slis: { freshness: { threshold: 60s, target: 99 }, correctness: { target: 99 } }
  prover:
    inject: { sqs: { queue_url: "%[6]s", body: "{{.ID}}", %[7]s } }
    expect: { dynamodb: { table: t, key: { id: "{{.ID}}" }, attributes: { n: "{{.Want}}" }, %[8]s } }
    want: "{{.N}}"
`
	fill := func(at int, url string) string {
		values := []any{"", "", "", "", "https://wiki/x?y=1", "https://sqs.eu-west-1.amazonaws.com/1/q", "", ""}
		if url != "" && at != 4 && at != 5 {
			url = "endpoint_url: \"" + url + "\""
		}
		if url != "" {
			values[at] = url
		}
		text := fmt.Sprintf(base, values...)
		return strings.NewReplacer(", }", " }", ", ,", ",").Replace(text)
	}
	if err := read(fill(0, ""), nil); err != nil {
		t.Fatal(err)
	}
	for at := range 8 {
		for _, url := range []string{"http://user:hunQter2@127.0.0.1:4566", "https://hunQter2@host/", "http://user:${PW}@127.0.0.1:4566", "http://user:hunQ@ter2/x@host"} {
			err := read(fill(at, url), map[string]string{"PW": "hunQter2"})
			if err == nil {
				t.Errorf("place %d: %s is taken", at, url)
				continue
			}
			if got := said(err); strings.Contains(got, "hunQ") || strings.Contains(got, "ter2") {
				t.Errorf("place %d: %s", at, got)
			}
		}
	}
}
