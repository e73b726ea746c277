package handlers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"intake/internal/store"
)

// Of the library's pages a stand-in is enough here: who sees them, and under
// which policy. What they show, the worker's tests look at.
func TestOnlyAdministratorsLookIntoTheQueues(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) {
		cfg.QueueMonitor = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "<h1>monitor of "+r.URL.Path+"</h1>")
		})
	})
	admin := app.signIn("Adam Dean", store.Admin)
	link := admin.get("/manage/queues").want(http.StatusOK).Find(`main a[href="` + MonitorPath + `"]`)
	if link.Length() != 1 {
		t.Error("no link leads into the queues")
	}
	for _, path := range []string{MonitorPath, MonitorPath + "/", MonitorPath + "/api/queues", MonitorPath + "/static/js/main.js"} {
		p := admin.get(path).want(http.StatusOK).says("monitor of " + path)
		policy := p.Header.Get("Content-Security-Policy")
		if policy != monitorPolicy || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s has the headers %v", path, p.Header)
		}
		for _, role := range []store.Role{store.SurveyManager, store.Triage, store.SafeguardingLead} {
			refused := app.signIn("A "+string(role)+strings.ReplaceAll(path, "/", " "), role, "mid").get(path).want(http.StatusForbidden)
			if refused.Header.Get("Content-Security-Policy") != contentPolicy {
				t.Errorf("%s: %s has the monitor's policy", role, path)
			}
		}
		if to := app.browser().get(path).redirects(); !strings.HasPrefix(to, "/manage/sign-in") {
			t.Errorf("%s leads a stranger to %q", path, to)
		}
		for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch} {
			refused := admin.send(method, path, nil, nil).want(http.StatusMethodNotAllowed)
			if strings.Contains(refused.Body, "monitor of") {
				t.Errorf("%s %s reaches the monitor", method, path)
			}
		}
	}
	for _, path := range []string{"/manage/queues", "/manage", "/", "/manage/queues/other", "/manage/queuesmonitor"} {
		if got := admin.get(path).Header.Get("Content-Security-Policy"); got != contentPolicy {
			t.Errorf("%s has the policy %q", path, got)
		}
	}
	if strings.Contains(monitorPolicy, "http") || strings.Contains(monitorPolicy, "font-src") || !strings.HasPrefix(monitorPolicy, "default-src 'none'; script-src 'self' 'sha256-") {
		t.Error("the monitor's policy lets in fonts, or another site")
	}
}

// Without a monitor there is neither the page nor a link to it.
func TestAPortalWithoutAMonitor(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	admin := app.signIn("Adam Dean", store.Admin)
	admin.get(MonitorPath).want(http.StatusNotFound)
	if admin.get("/manage/queues").want(http.StatusOK).Find(`a[href="`+MonitorPath+`"]`).Length() != 0 {
		t.Error("a link leads to nowhere")
	}
}
