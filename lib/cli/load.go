package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// DefaultConfig is where the configuration file is unless said otherwise.
const DefaultConfig = "/etc/mackerel-agent/pipeline-sli.yaml"

// load reads the configuration that the flags name, as long as the run may take. What is
// refused is said in the language that --lang or the file names, as far as it can be read.
func (p *program) load(ctx context.Context) (*config.Config, error) {
	l := loader{env: p.env, common: p.opt.common, sourceless: p.opt.sourceless, given: p.given, only: p.only}
	p.voice.lang, _ = words.Parse(p.opt.Lang)
	c, err := within(ctx, func() (*config.Config, error) { return l.load(ctx) })
	if c != nil && p.opt.Lang == "" {
		p.voice.lang, _ = words.Parse(c.Language)
	}
	if errors.Is(err, errGivenUp) {
		return nil, withHint(fmt.Errorf("the configuration can't be read: %w", context.Cause(ctx)),
			"see whether it can be read")
	}
	return c, err
}

// configuration is what load reads, with the language that people are spoken to in.
func (p *program) configuration(ctx context.Context) (*config.Config, words.Language, error) {
	c, err := p.load(ctx)
	if err != nil {
		return nil, words.English, err
	}
	lang, err := p.language(c)
	return c, lang, err
}

// loader finds and reads configuration for both programs.
type loader struct {
	env        Env
	common     common
	sourceless sourceless
	given      []config.Source // what is read instead of files; nil: files are
	only       []string        // pipelines that are read; nil: every one is
}

// reader reads configuration without what other tools write.
func (l loader) reader() config.Reader {
	return config.Reader{Kinds: l.env.Kinds, Getenv: l.env.Getenv, Zone: l.env.Zone, Only: l.only}
}

func (l loader) load(ctx context.Context) (*config.Config, error) {
	sources, err := l.sources()
	if err != nil {
		return nil, err
	}
	return l.read(ctx, sources)
}

// read reads texts. A file that a pipeline names is read once, and one that hangs is given up
// after a quarter of the time that is left: it costs its pipelines, not the others.
func (l loader) read(ctx context.Context, sources []config.Source) (*config.Config, error) {
	reader := l.reader()
	if meta, _ := l.env.Getenv(metaEnv); meta == "" { // definitions don't depend on what other tools write
		once := map[string]func() ([]byte, error){}
		reader.ReadFile = func(file string) ([]byte, error) {
			if once[file] == nil {
				once[file] = sync.OnceValues(func() ([]byte, error) {
					short, cancel := share(ctx, 4)
					defer cancel()
					return within(short, func() ([]byte, error) { return readBounded(file) })
				})
			}
			return once[file]()
		}
	}
	c, err := reader.Read(sources)
	if err != nil {
		return c, err
	}
	return c, l.choose(c)
}

// choose keeps the pipelines that --pipeline names.
func (l loader) choose(c *config.Config) error {
	if len(l.common.Pipeline) == 0 {
		return nil
	}
	var known []string
	for _, p := range c.Pipelines {
		known = append(known, p.Plan.Name)
	}
	for _, name := range l.common.Pipeline {
		if !slices.Contains(known, name) {
			return withHint(fmt.Errorf("--pipeline: no pipeline of that name (got %q)", name), "pipelines here: %s", strings.Join(known, ", "))
		}
	}
	c.Pipelines = slices.DeleteFunc(c.Pipelines, func(p config.Pipeline) bool {
		return !slices.Contains(l.common.Pipeline, p.Plan.Name)
	})
	return nil
}

// sources are the texts to read: files, or what flags spell out.
func (l loader) sources() ([]config.Source, error) {
	if l.given != nil {
		return l.given, nil
	}
	named := l.common.Config
	if env, _ := l.env.Getenv("PIPELINE_SLI_CONFIG"); len(named) == 0 && env != "" {
		named = []string{env}
	}
	switch spelled := l.sourceless != (sourceless{}); {
	case spelled && len(named) > 0:
		return nil, withHint(errors.New("flags that stand in for a file don't go with --config"), "leave out one of them")
	case spelled:
		text, err := l.sourceless.text()
		return []config.Source{{Name: "flags", Path: "flags", Text: []byte(text)}}, err
	case len(named) == 0:
		named = []string{DefaultConfig}
	}
	var sources []config.Source
	for _, pattern := range named {
		files, err := l.files(pattern)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			source, err := readSource(file)
			if err != nil {
				return nil, err
			}
			sources = append(sources, source)
		}
	}
	return sources, nil
}

func (l loader) files(pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}, nil
	}
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("--config: not a glob (got %q)", pattern)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("--config: no file matches (got %q)", pattern)
	}
	return files, nil
}

// maxConfig bounds what is read of a file that may be no configuration at all.
const maxConfig = 2 << 20

func readSource(file string) (config.Source, error) {
	text, err := readBounded(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && file == DefaultConfig:
		return config.Source{}, withHint(fmt.Errorf("%s: no such file", file),
			"name one with --config, or try without: mackerel-plugin-pipeline-sli --access-log /var/log/nginx/access.log")
	case errors.Is(err, fs.ErrNotExist):
		return config.Source{}, withHint(fmt.Errorf("%s: no such file", file), "see --config, or write a starter file with: mackerel-plugin-pipeline-sli init")
	case errors.Is(err, fs.ErrPermission):
		return config.Source{}, fmt.Errorf("%s: may not be read by this user", file)
	case err != nil:
		return config.Source{}, err
	}
	path, err := filepath.Abs(file)
	if err != nil {
		path = file
	}
	return config.Source{Name: file, Path: path, Text: text}, nil
}

func readBounded(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfig {
		return nil, fmt.Errorf("%s: is no configuration file", file)
	}
	return os.ReadFile(file)
}
