package sqlro

import (
	"regexp"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// FuzzName: whatever a data source name is, nothing that a variable holds is shown by what is
// said of it, but where the variable stands for the place, which is named.
func FuzzName(f *testing.F) {
	const secret = "hUnt3r/2@:?"
	drivers := []Driver{"", MySQL, Postgres}
	for _, name := range []string{"postgres://app:|@db:5432/app?sslmode=disable", "host=db user=app password=| dbname=app", "app:|@tcp(db:3306)/app?tls=true", "mysql://app:|@db/app", "|", "postgres://|", "app:|@unix(/x)/"} {
		for i := range drivers {
			f.Add(name, uint8(i))
		}
	}
	keyOfPlace := regexp.MustCompile(`(host|hostaddr|port|dbname)\s*=\s*('[^']*|\S*)$`)
	f.Fuzz(func(t *testing.T, name string, which uint8) {
		driver := drivers[int(which)%len(drivers)]
		before, after, _ := strings.Cut(name, "|")
		behindLogin := strings.Contains(before, "@") && !strings.Contains(after, "@")
		place := behindLogin || keyOfPlace.MatchString(before)
		d, err := Open(driver, []section.Part{{Text: before}, {Text: secret, Variable: true}, {Text: after}})
		said := ""
		if err != nil {
			said = err.Error()
		} else if !place {
			said = d.String()
		}
		if strings.Contains(said, secret) {
			t.Errorf("%q as %q: %s", name, driver, said)
		}
	})
}
