package handlers

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
)

func TestPartnersSendReferrals(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	for name, right := range map[string]string{"writer": "referrals", "reader": "results"} {
		hash := sha256.Sum256([]byte(name))
		app.must(app.store.AddAPIKey(t.Context(), name, hash[:], []string{right}))
	}
	b := app.browser()
	type answer struct {
		Outcome, Reference, Title string
		Errors                    []struct{ Field, Detail string }
	}
	send := func(bearer, body string) (int, answer) {
		t.Helper()
		header := http.Header{"Content-Type": {"application/json"}}
		if bearer != "" {
			header.Set("Authorization", "Bearer "+bearer)
		}
		p := b.send(http.MethodPost, "/api/v1/referrals", strings.NewReader(body), header)
		var got answer
		app.must(json.Unmarshal([]byte(p.Body), &got))
		return p.Status, got
	}
	body := func(key string, answers forms.Answers) string {
		raw, err := json.Marshal(map[string]any{"submission_key": key, "answers": answers})
		app.must(err)
		return string(raw)
	}
	key := uuid.NewString()
	for _, bearer := range []string{"", "nobody", "reader"} {
		if status, _ := send(bearer, body(key, professionalAnswers)); status != http.StatusUnauthorized {
			t.Errorf("the key %q got %d, want 401", bearer, status)
		}
	}
	status, first := send("writer", body(key, professionalAnswers))
	if status != http.StatusCreated || first.Outcome != "accepted" || !referenceShape.MatchString(first.Reference) {
		t.Fatalf("got %d %+v", status, first)
	}
	if got := app.sent(); !got.Equal(professionalAnswers) {
		t.Errorf("the ledger has %s", got.Encode())
	}
	if status, again := send("writer", body(key, professionalAnswers)); status != http.StatusOK || again.Outcome != "duplicate" || again.Reference != first.Reference {
		t.Errorf("sent twice: got %d %+v", status, again)
	}
	status, refused := send("writer", body(uuid.NewString(), without(professionalAnswers, "adult_needs")))
	if status != http.StatusUnprocessableEntity || len(refused.Errors) != 1 || refused.Errors[0].Field != "adult_needs" {
		t.Errorf("an answer missing: got %d %+v", status, refused)
	}
	for name, bad := range map[string]string{
		"no JSON": "wombat", "a list": "[]", "NUL": `{"submission_key":"` + key + `","answers":{"adult_name":"\u0000"}}`,
		"a number": `{"submission_key":"` + key + `","answers":{"adult_name":7}}`,
		"deep":     `{"submission_key":"` + key + `","answers":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	} {
		if status, _ := send("writer", bad); status != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, status)
		}
	}
	if app.nudges() != 1 {
		t.Errorf("%d referrals were taken, want 1", app.nudges())
	}
}
