package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/real"
)

// forge is a stand-in for github.com, as far as mkr looks for a release: behind a proxy, with a certificate of its own.
type forge struct {
	environment []string

	mu       sync.Mutex
	releases map[string]string // folder of packages by tag
	latest   string
}

const repository = "someone/" + real.PluginName

func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{releases: map[string]string{}}
	certificate, authority := selfSigned(t, "github.com")
	site := httptest.NewUnstartedServer(f)
	site.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	site.StartTLS()
	t.Cleanup(site.Close)
	proxy := httptest.NewServer(tunnel(site.Listener.Addr().String()))
	t.Cleanup(proxy.Close)
	f.environment = append(os.Environ(), "HTTPS_PROXY="+proxy.URL, "SSL_CERT_FILE="+authority, "GITHUB_TOKEN=")
	return f
}

// publish makes a release of packages; it is the latest then.
func (f *forge) publish(tag, dir string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.releases[tag], f.latest = dir, tag
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest, ok := strings.CutPrefix(r.URL.Path, "/"+repository+"/releases/")
	tag, file, _ := strings.Cut(strings.TrimPrefix(rest, "download/"), "/")
	switch dir := f.releases[tag]; {
	case ok && rest == "latest":
		http.Redirect(w, r, "/"+repository+"/releases/tag/"+f.latest, http.StatusFound)
	case ok && dir != "":
		http.ServeFile(w, r, filepath.Join(dir, filepath.Base(file)))
	default:
		http.NotFound(w, r)
	}
}

// tunnel is a proxy all of whose ways lead to one address.
func tunnel(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		there, err := net.Dial("tcp", to)
		if err != nil || r.Method != http.MethodConnect || r.Host != "github.com:443" {
			http.Error(w, "only github.com is asked", http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n") // who went away reads no more
		go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		_, _ = io.Copy(here, there)
	}
}

// selfSigned is a certificate for a name, and the file that says to trust it.
func selfSigned(t *testing.T, name string) (certificate tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "authority.pem")
	writeFile(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// TestMkrUpgradesFromReleases does what the README says: --upgrade for the first installation and for every one after it.
func TestMkrUpgradesFromReleases(t *testing.T) {
	first, err := packaged()
	if err != nil {
		t.Fatal(err)
	}
	next := t.TempDir()
	if err := pack(next, "v0.0.1-e2e"); err != nil {
		t.Fatal(err)
	}
	f := newForge(t)
	f.publish("v0.0.0-e2e", first)
	prefix := filepath.Join(t.TempDir(), "plugins")
	bin := filepath.Join(prefix, "bin")
	mkr := func(args ...string) string {
		t.Helper()
		command := exec.Command(real.Mkr(t), append([]string{"plugin", "install", "--prefix", prefix}, args...)...)
		command.Env = f.environment
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("mkr plugin install %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}

	mkr("--upgrade", repository)
	checkInstalled(t, bin, "v0.0.0-e2e")
	if out := mkr("--upgrade", repository); !strings.Contains(out, "already installed") {
		t.Errorf("the same release again: %s", out)
	}
	f.publish("v0.0.1-e2e", next)
	mkr("--upgrade", repository)
	checkInstalled(t, bin, "v0.0.1-e2e")
	mkr("--overwrite", repository+"@v0.0.0-e2e")
	checkInstalled(t, bin, "v0.0.0-e2e")

	t.Run("a program that is there already is replaced too", func(t *testing.T) {
		prefix = filepath.Join(t.TempDir(), "plugins")
		if err := os.MkdirAll(filepath.Join(prefix, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(prefix, "bin", real.CheckName), "an old version")
		mkr("--upgrade", repository)
		checkInstalled(t, filepath.Join(prefix, "bin"), "v0.0.1-e2e")
	})
}
