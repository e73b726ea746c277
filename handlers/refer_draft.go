package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/sealed"
	"intake/internal/store"
)

const (
	// draftLife is how long a saved form waits for its writer.
	draftLife = 30 * 24 * time.Hour
	// savesPerMinute bounds what one client may have us keep for 30 days.
	savesPerMinute = 30
	// resumesPerMinute bounds the guessing of other people's words; each try
	// costs an argon2id, too.
	resumesPerMinute = 20

	draftPurpose = "draft"
)

// savedDraft names the saved form that a page was resumed from or saved as, so
// that saving it again replaces it and sending it deletes it. The zero one is
// none.
type savedDraft struct {
	id    []byte
	token string // the ID, sealed, so that nobody can name another's draft
}

func (d savedDraft) hidden() []hiddenField {
	if d.token == "" {
		return nil
	}
	return []hiddenField{{"draft", d.token}}
}

// openDraftToken reads the hidden field "draft". A token that does not open
// counts as none: a referral must not fail for it, and its draft expires.
func (a *app) openDraftToken(token string) savedDraft {
	if token == "" {
		return savedDraft{}
	}
	id, err := a.Keys.OpenToken(draftPurpose, token, a.Now())
	if err != nil {
		return savedDraft{}
	}
	return savedDraft{id, token}
}

func (a *app) sealDraftToken(id []byte, expires time.Time) (savedDraft, error) {
	token, err := a.Keys.SealToken(draftPurpose, id, expires)
	return savedDraft{id, token}, err
}

// draftBody is what is sealed under the phrase: all that was typed, and the
// key, so that a form sent before and after a break is still one referral.
type draftBody struct {
	Key     uuid.UUID     `json:"key"`
	Lang    string        `json:"lang"`
	Answers forms.Answers `json:"answers"`
}

var errTooManySaves = &problem{status: http.StatusTooManyRequests, title: errTooMany.title, retryAfter: errTooMany.retryAfter,
	words: "We could not save your answers just now, because many were saved from your connection. " +
		"They are still here. Wait a minute and save again, or send the form."}

type referSavedPage struct {
	base
	Phrase []string
	Until  string // when it is deleted, as a sentence
	// ResumeHost is the portal's name as people type it.
	ResumeHost string
	Replaced   bool
	Action     string
	Hidden     []hiddenField
}

// saveReferral seals what was typed under four new words and shows them once.
func (a *app) saveReferral(c *gin.Context, p *referralPost) error {
	if !a.limiter.allow(c, "save", min(a.RateLimit, savesPerMinute)) {
		return a.refuse(c, p, errTooManySaves)
	}
	phrase, kept, err := a.saveDraft(c.Request.Context(), p)
	if err != nil {
		return a.keepTyped(c, p, err, "We could not save your answers just now.")
	}
	replaced := p.draft.id != nil
	if p.draft, err = a.sealDraftToken(kept.id, kept.until); err != nil {
		return err
	}
	_, host, _ := strings.Cut(a.BaseURL, "://")
	w := wordsIn(p.lang)
	return a.render(c, http.StatusOK, "refer_saved", &referSavedPage{
		base: a.spoken(c, p.lang, w["saved_title"]), Phrase: strings.Fields(string(phrase)),
		Until:      filled(w["saved_until"], "day", forms.DateWords(kept.until.In(routing.London), p.lang)),
		ResumeHost: strings.TrimSuffix(host, "/"), Replaced: replaced,
		Action: referURL, Hidden: p.hidden(),
	})
}

// keptDraft says where a draft is found and until when.
type keptDraft struct {
	id    []byte
	until time.Time
}

func (a *app) saveDraft(ctx context.Context, p *referralPost) (sealed.Phrase, keptDraft, error) {
	var kept keptDraft
	body, err := json.Marshal(draftBody{p.key, p.lang, p.answers})
	if err != nil {
		return "", kept, fmt.Errorf("encode a draft: %w", err)
	}
	phrase, err := sealed.NewPhrase()
	if err != nil {
		return "", kept, err
	}
	key, err := a.Keys.DraftKey(ctx, phrase)
	if err != nil {
		return "", kept, err
	}
	ciphertext, err := key.Seal(body)
	if err != nil {
		return "", kept, err
	}
	kept = keptDraft{key.ID(), a.Now().Add(draftLife)}
	return phrase, kept, a.Referrals.PutDraft(ctx, store.Draft{
		ID: kept.id, FormVersion: a.Referral.Version, Sealed: ciphertext, ExpiresAt: kept.until,
	}, p.draft.id)
}

type referResumePage struct {
	base
	Phrase string // as it was typed
	Errors []errorLink
}

// resumePage asks for the four words.
func (a *app) resumePage(c *gin.Context) error {
	return a.showResume(c, http.StatusOK, "", "")
}

func (a *app) showResume(c *gin.Context, status int, typed, fault string) error {
	lang := a.languages.choose(c.Request).code
	page := referResumePage{base: a.spoken(c, lang, wordsIn(lang)["resume_title"]), Phrase: typed}
	if fault != "" {
		page.Errors = []errorLink{{Href: "#phrase", Message: fault}}
	}
	return a.render(c, status, "refer_resume", &page)
}

// resume opens the saved form that the words lead to.
func (a *app) resume(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	lang := a.languages.choose(c.Request).code
	unknown := wordsIn(lang)["resume_unknown"]
	typed := posted.Get("phrase")
	phrase, err := sealed.ParsePhrase(typed)
	var wrong *sealed.PhraseError
	if errors.As(err, &wrong) {
		if lang == "en" {
			unknown = wrong.Sentence // which says more, in English alone
		}
		return a.showResume(c, http.StatusUnprocessableEntity, typed, unknown)
	} else if err != nil {
		return err
	}
	if !a.limiter.allow(c, "resume", resumesPerMinute) {
		return errTooMany
	}
	p, err := a.openDraft(c.Request.Context(), phrase)
	if errors.Is(err, store.ErrNotFound) {
		return a.showResume(c, http.StatusUnprocessableEntity, typed, unknown)
	} else if err != nil {
		return err
	}
	in := a.document(p)
	in.Start = firstUnanswered(a.Referral, p.answers, a.Now())
	return a.showReferral(c, http.StatusOK, p, in,
		wordsIn(p.lang)["resumed"])
}

// openDraft finds the draft of a phrase, or gives store.ErrNotFound.
func (a *app) openDraft(ctx context.Context, phrase sealed.Phrase) (*referralPost, error) {
	keys, err := a.Keys.DraftKeys(ctx, phrase)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		draft, err := a.Referrals.DraftByID(ctx, key.ID(), a.Now())
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		plain, err := key.Open(draft.Sealed)
		if err != nil {
			return nil, err
		}
		var body draftBody
		if err := json.Unmarshal(plain, &body); err != nil {
			return nil, fmt.Errorf("decode a draft: %w", err)
		}
		p := &referralPost{key: body.Key, lang: body.Lang}
		// Read again as if posted: the form may have a newer version by now.
		if p.answers, err = a.Referral.Parse(url.Values(body.Answers)); err != nil {
			return nil, fmt.Errorf("read a draft: %w", err)
		}
		p.draft, err = a.sealDraftToken(draft.ID, draft.ExpiresAt)
		return p, err
	}
	return nil, fmt.Errorf("open a draft: %w", store.ErrNotFound)
}

// firstUnanswered is the first question of the first page that has nothing
// answered or something still to be put right; "" if there is none.
func firstUnanswered(f *forms.Form, answers forms.Answers, now time.Time) string {
	faulty := map[string]bool{}
	for _, fault := range f.Validate(answers, "en", now) {
		faulty[fault.Name] = true
	}
	for _, step := range f.Visible(answers) {
		if len(step.Asked) == 0 {
			continue
		}
		empty := true
		for _, asked := range step.Asked {
			if faulty[asked.Name] {
				return asked.Name
			}
			empty = empty && !hasAnswer(answers, asked.Name)
		}
		if empty {
			return step.Asked[0].Name
		}
	}
	return ""
}

func hasAnswer(answers forms.Answers, name string) bool {
	for given := range answers {
		if given == name || strings.HasPrefix(given, name+".") {
			return true
		}
	}
	return false
}
