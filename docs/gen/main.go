// Command gen writes what is made from the code: the configuration reference, the
// schema for editors, what messages mean, the logs of the quickstart and of the recipes, and the picture of a pipeline. Run it in the repository's root:
//
//	go run ./docs/gen
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/words/wordstest"
)

func main() {
	made, err := files(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen: error:", err)
		os.Exit(1)
	}
	for path, content := range made {
		if err := os.WriteFile(filepath.FromSlash(path), content, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen: error:", err)
			os.Exit(1)
		}
	}
}

// files is every generated file by its path in the repository, which lies in dir.
func files(dir string) (map[string][]byte, error) {
	texts, err := wordstest.Read(filepath.Join(dir, "lib", "words"))
	if err != nil {
		return nil, err
	}
	if err := explained(texts); err != nil {
		return nil, err
	}
	reader := config.Reader{Kinds: builtin.Kinds()}
	access, worker := sample()
	made := examples()
	maps.Copy(made, pictures())
	maps.Copy(made, map[string][]byte{
		"docs/configuration.md":           []byte(reference(reader.Tables())),
		"docs/pipeline-sli.schema.json":   reader.Schema(),
		"docs/troubleshooting.md":         []byte(troubleshooting(texts, 0)),
		"docs/ja/troubleshooting.md":      []byte(troubleshooting(texts, 1)),
		"testdata/quickstart/access.ltsv": access,
		"testdata/quickstart/worker.json": worker,
	})
	return made, nil
}

const intro = `# Configuration

<!-- written by: go run ./docs/gen -->

One YAML file, by default ` + "`/etc/mackerel-agent/pipeline-sli.yaml`" + `; ` + "`--config FILE`" + ` (repeatable, globs) or ` + "`PIPELINE_SLI_CONFIG`" + ` name
others. It is read in every run; only new graph definitions need a reload of the agent. A first file: ` + "`mackerel-plugin-pipeline-sli init`" + `.
After an edit: ` + "`mackerel-plugin-pipeline-sli validate`" + `.

Editors complete and check the file with ` + "[pipeline-sli.schema.json](pipeline-sli.schema.json)" + `; the line for yaml-language-server is

` + "```yaml fragment" + `
# yaml-language-server: $schema=/path/to/pipeline-sli.schema.json
` + "```" + `

## How values are written

* **Durations**: ` + "`90s`, `5m`, `1h`, `28d`" + `; a bare number is seconds. The threshold of latency needs its unit: ` + "`500ms`" + `.
* **Percent**: targets and ratios, ` + "`99.9`" + `. A target of 1 or less is refused: it is likely meant as a share.
* **` + "`where` and `good`" + `**: fields with the values they must have. All fields must match; of a list, one plain value and none of the ` + "`!`" + ` values.

  | value | matches |
  |---|---|
  | ` + "`POST`" + `, or ` + "`=^POST`" + ` with a leading ` + "`=`" + ` | this text exactly |
  | ` + "`^/videos`, `~videos$`" + ` | a regular expression (RE2) |
  | ` + "`<500`, `<=0.5`, `>n`, `>=n`" + ` | a number |
  | ` + "`4xx`" + ` | a class of statuses |
  | ` + "`\"!GET\"`" + ` | all but that; quote it, as YAML takes ` + "`!`" + ` for a tag |

* **Variables**: ` + "`${NAME}`" + ` in a value is expanded from the environment, ` + "`$${NAME}`" + ` is the literal text. A missing variable is an error.
* **Templates** (of the prover): ` + "`{{.ID}}`" + `, ` + "`{{.N}}`" + ` (1 to 9,999), ` + "`{{.Slot}}`" + ` (rises with time) and ` + "`{{.Want}}`" + ` of the record, and what these functions make of them: ` + "`add sub mul mod`" + ` of whole
  numbers, ` + "`hash`" + ` (SHA-256 in hex), ` + "`uuid`" + `, ` + "`upper`" + `, ` + "`lower`" + `, ` + "`json`" + ` (quoted). They begin with ` + "`{`" + `, so quote them: ` + "`\"{{mul .N .N}}\"`" + `.
* Unknown and repeated keys, anchors, tags, nulls and a second document are refused, with file, line, rule, the value got and one hint.

## The file

A dot leads into a section, ` + "`[]`" + ` stands for each entry of a list, ` + "`NAME`" + ` for each key of a map, ` + "`KIND`" + ` for one of the stage kinds below.

`

// reference is docs/configuration.md.
func reference(tables map[string]string) string {
	var b strings.Builder
	b.WriteString(intro)
	for _, kind := range slices.Sorted(maps.Keys(tables)) {
		if kind == "" {
			b.WriteString(tables[kind] + "\n## Stage kinds\n\nEach stage has exactly one of these keys beside its name.\n")
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s", kind, tables[kind])
	}
	return b.String()
}
