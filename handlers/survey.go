package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// formPage is a page that holds a form.
type formPage struct {
	base
	Document *Document
	// Notice is said above the form, such as why it came back.
	Notice string
	// Hidden are further fields that travel with the form.
	Hidden map[string]string
}

// showForm renders a form with what people typed.
func (a *app) showForm(c *gin.Context, status int, in documentInput, notice string, hidden map[string]string) error {
	in.Placeholders = a.Organisation.Placeholders()
	page := formPage{base: a.base(c, in.Form.Title.In(in.Lang)), Notice: notice, Hidden: hidden}
	page.Lang = in.Lang
	page.Document = newDocument(in)
	return a.render(c, status, "form", &page)
}

// currentWave is the newest wave of the survey, nil if there is none yet.
func (a *app) currentWave(c *gin.Context) (*store.Wave, error) {
	wave, err := a.Store.CurrentWave(c.Request.Context(), a.Survey.ID, a.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return wave, err
}

// surveyWave finds the wave that the URL's survey is in; 404 for another survey.
func (a *app) surveyWave(c *gin.Context) (*store.Wave, error) {
	if c.Param("slug") != a.Survey.ID {
		return nil, errPageNotFound
	}
	wave, err := a.currentWave(c)
	if err == nil && wave == nil {
		return nil, &problem{status: http.StatusNotFound, title: "This survey has not opened yet",
			words: "Come back later, or ask whoever sent you here when it opens."}
	}
	return wave, err
}

type surveyClosedPage struct {
	base
}

func (a *app) surveyForm(c *gin.Context) error {
	wave, err := a.surveyWave(c)
	if err != nil {
		return err
	}
	if !wave.Open(a.Now()) {
		return a.render(c, http.StatusOK, "survey_closed", &surveyClosedPage{a.base(c, "This survey has closed")})
	}
	return a.showForm(c, http.StatusOK, documentInput{
		Form: a.Survey, Lang: a.lang(c, a.Survey), Action: c.Request.URL.Path,
		SubmissionKey: uuid.NewString(), Fresh: true,
	}, "", nil)
}

// lang is the language asked for, if the form has it, else English.
func (a *app) lang(c *gin.Context, f *forms.Form) string {
	for _, lang := range f.Languages {
		if c.Query("lang") == lang || c.Request.PostFormValue("lang") == lang {
			return lang
		}
	}
	return "en"
}

// What is said above a form that came back through no fault of its writer.
const (
	tooManyNotice = "Too many answers came from your connection at once. Yours are still here: wait a minute, then send them again."
	busyNotice    = "We could not take your answers just now. They are still here: wait a moment, then send them again."
)

const closedNotice = "This survey has closed, so your answers were not counted. They are still on this page."

func (a *app) surveyPost(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	// The answers are read first: whatever goes wrong then, people get them back.
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	lang := a.lang(c, a.Survey)
	answers, err := a.Survey.Parse(posted)
	if err != nil {
		return err
	}
	key, keyOK := submissionKey(posted)
	if !keyOK {
		key = uuid.New()
	}
	again := func(status int, notice string, faults ...forms.FieldError) error {
		return a.showForm(c, status, documentInput{
			Form: a.Survey, Answers: answers, Errors: faults, Lang: lang,
			Action: c.Request.URL.Path, SubmissionKey: key.String(),
		}, notice, nil)
	}
	program := wantsJSON(c)
	later := func(p *problem, notice string, cause error) error {
		if program {
			return errors.Join(p, cause)
		}
		c.Header("Retry-After", p.retryAfter)
		return errors.Join(again(p.status, notice), cause)
	}
	if !a.limiter.allow(c, "survey", a.RateLimit) {
		return later(errTooMany, tooManyNotice, nil)
	}
	wave, err := a.surveyWave(c)
	if err != nil && asProblem(err) == errBusy {
		return later(errBusy, busyNotice, err)
	} else if err != nil {
		return err
	}
	switch verb := parseAction(posted.Get("action")).Verb; {
	case verb == "send":
	case program:
		return errUnknownButton
	case verb == "":
		return again(http.StatusUnprocessableEntity, errUnknownButton.words)
	default:
		return again(http.StatusOK, "")
	}
	if !keyOK && wave.Open(a.Now()) {
		if program {
			return errNoKey
		}
		return again(http.StatusUnprocessableEntity, staleNotice)
	}
	duplicate, err := a.takeResponse(c, wave, key, answers, lang)
	var faults *problem
	switch {
	case errors.Is(err, store.ErrWaveClosed) && program:
		return errSurveyClosed
	case errors.Is(err, store.ErrWaveClosed):
		return again(http.StatusConflict, closedNotice)
	case errors.As(err, &faults) && faults.fields != nil && !program:
		return again(http.StatusUnprocessableEntity, "", faults.fields...)
	case err != nil && asProblem(err) == errBusy:
		return later(errBusy, busyNotice, err)
	case err != nil:
		return err
	case program:
		return acknowledge(c, duplicate)
	}
	thanks := url.URL{Path: c.Request.URL.Path + "/thanks"}
	if duplicate {
		thanks.RawQuery = "already=yes"
	}
	c.Redirect(http.StatusSeeOther, thanks.String())
	return nil
}

var errSurveyClosed = &problem{status: http.StatusConflict, title: "This survey has closed",
	words: "The answers were not counted. Ask whoever runs the survey when it opens again."}

// takeResponse validates answers and commits them to the inbox. Invalid
// answers are a problem with fields, a closed wave is ErrWaveClosed.
func (a *app) takeResponse(c *gin.Context, wave *store.Wave, key uuid.UUID, answers forms.Answers, lang string) (duplicate bool, err error) {
	now := a.Now()
	answers = a.Survey.Strip(answers)
	if faults := a.Survey.Validate(answers, lang, now); len(faults) > 0 {
		if !wave.Open(now) {
			// Nobody should put answers right that then do not count.
			return false, store.ErrWaveClosed
		}
		return false, invalid(faults)
	}
	duplicate, err = a.Store.Append(c.Request.Context(), store.Response{
		Key: key, WaveID: wave.ID, FormVersion: a.Survey.Version, Answers: answers,
	}, now)
	if err != nil {
		return false, fmt.Errorf("take response: %w", err)
	}
	if !duplicate {
		a.Jobs.ResponseReceived(wave.ID)
	}
	return duplicate, nil
}

func invalid(faults []forms.FieldError) *problem {
	return &problem{status: http.StatusUnprocessableEntity, title: "There is a problem with the answers",
		words: "Put right the answers that are named and send again.", fields: faults}
}

const staleNotice = "This page was out of date. Your answers are still here: please send them again."

var errNoKey = invalid([]forms.FieldError{{Field: "submission_key", Name: "submission_key",
	Message: "Send a new random UUID as submission_key, and the same one when you try again"}})

// submissionKey reads the key that makes sending twice harmless.
func submissionKey(posted url.Values) (uuid.UUID, bool) {
	key, err := uuid.Parse(posted.Get("submission_key"))
	if err != nil || key == uuid.Nil {
		return uuid.Nil, false
	}
	return key, true
}

// acknowledge answers a program: 201, or 200 for what had already arrived.
func acknowledge(c *gin.Context, duplicate bool) error {
	status, outcome := http.StatusCreated, "accepted"
	if duplicate {
		status, outcome = http.StatusOK, "duplicate"
	}
	c.JSON(status, struct {
		Outcome string `json:"outcome"`
	}{outcome})
	return nil
}

type surveyThanksPage struct {
	base
	Already bool
}

func (a *app) surveyThanks(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	return a.render(c, http.StatusOK, "survey_thanks", &surveyThanksPage{
		base: a.base(c, "Thank you"), Already: c.Query("already") == "yes",
	})
}
