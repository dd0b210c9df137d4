package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mackerel-plugin-pipeline-sli/e2e/real"
)

// reportPage is the report of the bundled logs.
func reportPage(t *testing.T, args ...string) string {
	t.Helper()
	plugin, _ := real.Programs(t)
	out := filepath.Join(t.TempDir(), "page.html")
	command := exec.Command(plugin, append([]string{"--config", "testdata/quickstart/pipeline-sli.yaml", "--state-dir", t.TempDir(),
		"report", "--out", out, "--at", "2026-04-15T11:40:12+09:00"}, args...)...)
	command.Dir = real.Repository()
	command.Env = append(os.Environ(), "TZ=Asia/Tokyo")
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("report: %v\n%s", err, said)
	}
	return out
}

// simulated is the page of days of a simulated service, with what its making cost.
func simulated(t *testing.T, args ...string) (page string, made string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "page.html")
	command := exec.Command("go", append([]string{"run", "./test/history", "-out", out}, args...)...)
	command.Dir = real.Repository()
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("history: %v\n%s", err, said)
	}
	return out, strings.TrimSpace(string(said))
}

// browser opens a headless Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("chromium: %v (e2e/install.sh --all installs it)", err)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// does takes steps in the browser.
func does(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// asked is what an action in the browser gives.
func asked[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// told sends the browser a command of its protocol.
func told[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		t.Fatal(err)
	}
}

// artefact keeps a picture that a person should look at, where ARTEFACTS says.
func artefact(t *testing.T, name string, data []byte) {
	t.Helper()
	dir := os.Getenv("ARTEFACTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTheReportIsAccessible opens the page wide, narrow, dark and in Japanese, and lets axe-core look for violations.
func TestTheReportIsAccessible(t *testing.T) {
	axe, err := os.ReadFile("npm/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core: %v (e2e/install.sh installs it)", err)
	}
	month, made := simulated(t, "-days", "28")
	t.Log(made)
	for _, c := range []struct {
		name   string
		width  int64
		media  string
		scheme string
		args   []string // of the quickstart's page; nil: a month of a simulated service
	}{
		{"wide", 1200, "screen", "light", []string{"--from", "-15m"}},
		{"narrow", 360, "screen", "light", []string{"--from", "-15m"}},
		{"dark", 1200, "screen", "dark", []string{"--from", "-15m"}},
		{"print", 800, "print", "dark", []string{"--from", "-15m"}},
		{"japanese", 1200, "screen", "light", []string{"--from", "-15m", "--lang", "ja"}},
		{"empty", 1200, "screen", "light", []string{"--from", "2026-03-01 00:00", "--to", "2026-03-02 00:00"}},
		{"month", 1200, "screen", "light", nil},
		{"month-dark", 500, "screen", "dark", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := browser(t)
			does(t, ctx, chromedp.EmulateViewport(c.width, 900))
			file := month
			if c.args != nil {
				file = reportPage(t, c.args...)
			}
			told(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: c.media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: c.scheme}}})
			does(t, ctx, chromedp.Navigate("file://"+file))
			asked(t, ctx, chromedp.Evaluate[int](string(axe)+";0"))
			violations := asked(t, ctx, chromedp.Evaluate[string](`axe.run(document,{resultTypes:["violations"]}).then(r=>
				(r.passes.length<10?["axe looked at nothing"]:[]).concat(r.violations.map(v=>v.id+": "+v.help+": "+v.nodes.slice(0,3).map(n=>n.html).join(" "))).join("\n"))`, chromedp.EvalAwaitPromise))
			picture := asked(t, ctx, chromedp.FullScreenshot(100))
			if violations != "" {
				t.Errorf("axe-core:\n%s", violations)
			}
			artefact(t, "report-"+c.name+".png", picture)
		})
	}
}

// opened is what opening a page took in a browser.
type opened struct {
	Loaded, Longest, Painted float64 // milliseconds
	Elements                 int
	Heap                     float64 // MiB
}

// open opens a page and says what that took.
func open(t *testing.T, file string) (o opened) {
	t.Helper()
	ctx := browser(t)
	told(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.longest=0;
		new PerformanceObserver(l=>l.getEntries().forEach(e=>longest=Math.max(longest,e.duration))).observe({type:"longtask",buffered:true})`})
	does(t, ctx, chromedp.EmulateViewport(1200, 900), chromedp.Navigate("file://"+file))
	text := asked(t, ctx, chromedp.Evaluate[string](`new Promise(r=>requestAnimationFrame(()=>setTimeout(()=>r(JSON.stringify({
		Loaded:performance.getEntriesByType("navigation")[0].loadEventEnd,Longest:longest,Painted:(performance.getEntriesByName("first-contentful-paint")[0]||{}).startTime||0,
		Elements:document.getElementsByTagName("*").length,Heap:performance.memory.usedJSHeapSize/1048576})),200)))`, chromedp.EvalAwaitPromise))
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestAPageWithManyPipelinesOpensWithoutAPause says how long a browser takes over it, and holds it to a size that no browser pauses at.
func TestAPageWithManyPipelinesOpensWithoutAPause(t *testing.T) {
	file, made := simulated(t, "-days", "2", "-pipelines", "50", "-step", "6h")
	o := open(t, file)
	t.Logf("%s; painted after %.0f ms, loaded after %.0f, nothing held it for longer than %.0f; %d elements, %.0f MiB", made, o.Painted, o.Loaded, o.Longest, o.Elements, o.Heap)
	if info, err := os.Stat(file); err != nil || info.Size() > 5<<20 || o.Elements > 100_000 || o.Heap > 64 {
		t.Errorf("%v %v bytes, %d elements, %.0f MiB", err, info.Size(), o.Elements, o.Heap)
	}
}

// TestTheReportTellsEveryValueToTheKeyboard moves the cursor by keys, opens a chart to zoom, and sees no script refused.
func TestTheReportTellsEveryValueToTheKeyboard(t *testing.T) {
	ctx := browser(t)
	told(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.refused="";
		addEventListener("securitypolicyviolation",e=>refused+=e.violatedDirective+" "+e.blockedURI+"\n");
		addEventListener("error",e=>refused+=e.message+"\n");`})
	does(t, ctx, chromedp.Navigate("file://"+reportPage(t, "--from", "-15m")), chromedp.Focus("#p0-0-ratio .drawing"), chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.ArrowLeft))
	near := asked(t, ctx, chromedp.Text("#p0-0-ratio .cursor"))
	does(t, ctx, chromedp.KeyEvent(kb.Home))
	first := asked(t, ctx, chromedp.Text("#p0-0-ratio .cursor"))
	does(t, ctx, chromedp.Click("#p0-0-ratio .to-zoom"))
	drawn := asked(t, ctx, chromedp.Evaluate[bool](`!!document.querySelector("#p0-0-ratio .zoom canvas")`))
	refused := asked(t, ctx, chromedp.Evaluate[string](`refused`))
	if near != "2026-04-15 11:38 100 %" || first != "2026-04-15 11:25 –" {
		t.Errorf("told %q and %q", near, first)
	}
	if !drawn || refused != "" {
		t.Errorf("zoom %v, refused: %s", drawn, refused)
	}
}

// TestTheReportNeedsNoScriptAndPrints reads the page with scripts off, and prints it.
func TestTheReportNeedsNoScriptAndPrints(t *testing.T) {
	ctx := browser(t)
	told(t, ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	does(t, ctx, chromedp.Navigate("file://"+reportPage(t, "--from", "-15m")))
	text := asked(t, ctx, chromedp.OuterHTML("html"))
	paper := asked(t, ctx, chromedp.PrintToPDF())
	if n := strings.Count(text, `role="img"`); n < 16 {
		t.Errorf("%d drawings without scripts", n)
	}
	if !strings.HasPrefix(string(paper), "%PDF") || len(paper) < 10_000 {
		t.Errorf("printed %d bytes", len(paper))
	}
	artefact(t, "report-print.pdf", paper)
}

// TestTheEmbeddedChartIsTheLibrarysOwn compares what is embedded with what its package has.
func TestTheEmbeddedChartIsTheLibrarysOwn(t *testing.T) {
	for _, name := range []string{"dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"} {
		want, err := os.ReadFile(filepath.Join("npm/node_modules/uplot", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(real.Repository(), "lib/output/report/uplot", filepath.Base(name)))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s differs (%v)", name, err)
		}
	}
}

// TestThePicturesOfTheREADMEs makes the screenshots that READMEs show, where PICTURES names their folder: make pictures.
func TestThePicturesOfTheREADMEs(t *testing.T) {
	folder := os.Getenv("PICTURES")
	if folder == "" {
		t.Skip("PICTURES is not set")
	}
	for lang, name := range map[string]string{"en": "report.png", "ja": "report.ja.png"} {
		ctx := browser(t)
		file, _ := simulated(t, "-days", "28", "-lang", lang)
		does(t, ctx, chromedp.EmulateViewport(1100, 920), chromedp.Navigate("file://"+file))
		picture := asked(t, ctx, chromedp.CaptureScreenshot())
		if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
