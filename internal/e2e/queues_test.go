package e2e

import (
	"slices"
	"strings"
	"testing"
)

// The pages of the queues are a library's. Under the policy that they have to
// themselves they work, and get nothing from another site.
func TestLookingIntoTheQueues(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	sendReferral(newPlain(t, d.base), byProfessional).receiveReference() // a queue is known from its first task on
	b := newTab(t, d.base, sizes[1]).signIn(d.as(t, "admin")).open("/manage/queues").sees("Work that is due")
	b.before(`window.refused = []; addEventListener("securitypolicyviolation", e => refused.push(e.effectiveDirective + " " + e.blockedURI));`)
	b.press("Look into the queues").sees("referrals", "Queue Size").picture("queues-monitor")
	refused := ask[[]string](b, `refused`)
	for _, violation := range refused {
		// The style sheets of its web fonts, which are another site's.
		if !strings.HasPrefix(violation, "style-src-elem https://fonts.googleapis.com/") {
			t.Errorf("the policy refuses %s", violation)
		}
	}
	if len(refused) == 0 {
		t.Error("nothing is kept from another site")
	}
	loaded := ask[[]string](b, `performance.getEntriesByType("resource").map(e => e.name)`)
	if slices.ContainsFunc(loaded, func(address string) bool {
		return !strings.HasPrefix(address, d.base) && !strings.HasPrefix(address, "data:") && !strings.HasPrefix(address, "https://fonts.googleapis.com/")
	}) {
		t.Errorf("loaded were %q", loaded)
	}
	b.open("/manage/queues").sees("Work that is due").fits()
}
