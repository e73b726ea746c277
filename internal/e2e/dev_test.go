package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// devPortal is a running `portal dev` with what it printed.
type devPortal struct {
	*process
	base    string
	urls    map[string]string // by the word before them: home, survey, referral, managers, mail
	signIns []signIn
}

type signIn struct{ role, email, password string }

// stopPatience is how long a portal may take from Ctrl-C to its end.
const stopPatience = 15 * time.Second

// startDev runs `portal dev` on the data folder and waits until it says that
// it runs.
func startDev(program, data string, args ...string) (*devPortal, error) {
	env := []string{"PORTAL_DATA=" + data, "PORTAL_ADDR=127.0.0.1:0", "PORTAL_RATE_LIMIT=off"}
	p, err := startProcess("portal dev", &output{}, env, program, append([]string{"dev"}, args...)...)
	if err != nil {
		return nil, err
	}
	d := &devPortal{process: p, urls: map[string]string{}}
	if _, err := p.awaitLine(90*time.Second, "Press Ctrl-C to stop."); err != nil {
		p.kill()
		return nil, err
	}
	for line := range strings.Lines(p.out.String()) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "demo sign-in  ") && len(words) == 5:
			d.signIns = append(d.signIns, signIn{words[2], words[3], words[4]})
		case len(words) == 2 && strings.HasPrefix(words[1], "http://"):
			d.urls[words[0]] = words[1]
		}
	}
	d.base = strings.TrimSuffix(d.urls["home"], "/")
	if d.base == "" {
		p.kill()
		return nil, fmt.Errorf("portal dev does not say where its home page is:\n%s", p.out)
	}
	return d, nil
}

// as is the printed sign-in of the first demo user of that role.
func (d *devPortal) as(t testing.TB, role string) signIn {
	t.Helper()
	for _, s := range d.signIns {
		if s.role == role {
			return s
		}
	}
	t.Fatalf("no demo sign-in of role %s was printed:\n%s", role, d.out)
	return signIn{}
}

// sharedDev is the portal that the browser tests visit, with demo data.
var sharedDev = sync.OnceValues(func() (*devPortal, error) {
	program, err := binary()
	if err != nil {
		return nil, err
	}
	d, err := startDev(program, filepath.Join(shared.dir, "dev"), "--responses", "400", "--referrals", "40")
	if err != nil {
		return nil, err
	}
	atEnd(func() error { return d.stop(stopPatience) })
	return d, nil
})

func theDev(t testing.TB) *devPortal {
	t.Helper()
	d, err := sharedDev()
	must(t, err)
	return d
}
