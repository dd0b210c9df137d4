package servers

// T is what starting a server needs of a test: all of it is in testing.TB. A program that
// starts servers of its own brings one, too.
type T interface {
	Helper()
	Cleanup(func())
	Error(args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Logf(format string, args ...any)
	Failed() bool
	TempDir() string
}
