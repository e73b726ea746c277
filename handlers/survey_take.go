package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// takeResponse validates answers and commits them to the inbox. Invalid
// answers are a problem with fields; what else speaks against them is one of
// the errors of store.Append.
func (a *app) takeResponse(c *gin.Context, v visit, key uuid.UUID, answers forms.Answers) (duplicate bool, err error) {
	now := a.Now()
	answers = v.form.Strip(answers)
	if faults := v.form.Validate(answers, v.lang, now); len(faults) > 0 {
		if !v.wave.Takes(now) {
			// Nobody should put answers right that then do not count.
			faults = nil
		}
		// Whoever has sent with this key already is not asked to put right
		// what does not count any more.
		if known, err := a.Store.Received(c.Request.Context(), key); err != nil || known {
			return known, err
		}
		if faults == nil {
			return false, store.ErrWaveClosed
		}
		return false, invalid(faults)
	}
	return a.keepResponse(c, v, key, answers, now)
}

// keepResponse commits valid answers to the inbox. endTurn of v is called.
func (a *app) keepResponse(c *gin.Context, v visit, key uuid.UUID, answers interface{ Encode() []byte }, now time.Time) (duplicate bool, err error) {
	v.endTurn() // others can be read while this one is committed
	duplicate, err = a.Store.Append(c.Request.Context(), store.Response{
		Key: key, WaveID: v.wave.ID, FormVersion: v.form.Version, Answers: answers,
		Collector: v.collector, Invitation: v.invitation,
	}, now)
	if err != nil {
		return false, fmt.Errorf("take response: %w", err)
	}
	// Of a wave by invitation nobody is to see a single response arrive, not even
	// as a task in the queue: there the sweep finds what can be released.
	if !duplicate && !v.wave.ByInvitation {
		a.Jobs.ResponseReceived(v.wave.ID)
	}
	return duplicate, nil
}

// refusals say why a response is not taken for good: to programs by reason and
// sentence, to people by the words of that key.
var refusals = []struct {
	because error
	reason  string
	title   string
	words   string
}{
	{store.ErrWaveClosed, "closed", "This survey has closed", "closed_answers"},
	{store.ErrVersion, "version", "The survey has changed", "survey_changed"},
	{store.ErrInvitationNeeded, "invitation_needed", "This survey is by invitation", "invitation_text"},
	{store.ErrInvitationUnknown, "invitation_unknown", "This invitation is not known", "invitation_unknown"},
	{store.ErrInvitationExpired, "invitation_expired", "This invitation has expired", "invitation_expired"},
	{store.ErrInvitationSpent, "invitation_spent", "This invitation has been used", "invitation_spent"},
}

// refusal is the problem for a program that err stands for, and the key of its
// words for people; nil if err is none of them.
func refusal(err error, w words) (*problem, string) {
	for _, r := range refusals {
		if errors.Is(err, r.because) {
			return &problem{status: http.StatusConflict, reason: r.reason, title: r.title, words: w[r.words]}, r.words
		}
	}
	return nil, ""
}

// explain answers an error with the form and everything that was typed.
func (p *surveyPost) explain(err error) error {
	var faults *problem
	if refused, words := refusal(err, p.words()); refused != nil {
		switch known, errKnown := p.app.Store.Received(p.c.Request.Context(), p.key); {
		case errKnown != nil:
			return p.explain(errKnown)
		case known && parseAction(p.posted.Get("action")).Verb == "send":
			return p.acknowledge(true)
		case wantsJSON(p.c):
			return refused
		case errors.Is(err, store.ErrVersion) && p.wave != nil:
			return p.inCurrentVersion()
		case strings.HasPrefix(refused.reason, "invitation_"):
			return p.askAgain(refused.status, refused.words)
		}
		return p.again(refused.status, words)
	}
	switch {
	case errors.As(err, &faults) && faults.fields != nil && !wantsJSON(p.c):
		return p.again(http.StatusUnprocessableEntity, "", faults.fields...)
	case asProblem(err) == errBusy:
		return errors.Join(p.refuse(errBusy, "busy"), err)
	}
	return err
}

// inCurrentVersion shows answers to a version that is not taken in the one
// that is: questions keep their ids, so what was said to them still stands.
func (p *surveyPost) inCurrentVersion() error {
	form, err := p.app.versions.Get(p.c.Request.Context(), p.app.Survey.ID, p.wave.Version())
	if err != nil {
		return err
	}
	answers, err := form.Parse(url.Values(p.given()))
	if err != nil {
		return err
	}
	p.form, p.answers = form, answers
	return p.again(http.StatusConflict, "survey_changed")
}

func invalid(faults []forms.FieldError) *problem {
	return &problem{status: http.StatusUnprocessableEntity, title: "There is a problem with the answers",
		words: "Put right the answers that are named and send again.", fields: faults}
}

var errNoKey = invalid([]forms.FieldError{{Field: "submission_key", Name: "submission_key",
	Message: "Send a new random UUID as submission_key, and the same one when you try again"}})

// submissionKey reads the key that makes sending twice harmless.
func submissionKey(posted interface{ Get(name string) string }) (uuid.UUID, bool) {
	key, err := uuid.Parse(posted.Get("submission_key"))
	if err != nil || key == uuid.Nil {
		return uuid.Nil, false
	}
	return key, true
}

// acknowledge answers a program: 201, or 200 for what had already arrived. The
// answer does not wait for its line in the log.
func acknowledge(c *gin.Context, duplicate bool) error {
	status, outcome := http.StatusCreated, `{"outcome":"accepted"}`
	if duplicate {
		status, outcome = http.StatusOK, `{"outcome":"duplicate"}`
	}
	c.Header("Content-Length", strconv.Itoa(len(outcome)))
	c.Data(status, "application/json; charset=utf-8", []byte(outcome))
	c.Writer.Flush()
	return nil
}
