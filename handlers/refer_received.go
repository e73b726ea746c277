package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

const (
	receivedCookie  = "portal_received"
	receivedPurpose = "received"
	// receivedLife is how long the page after sending knows its reference.
	// Short, because the device may be shared with whoever causes the harm.
	receivedLife = 10 * time.Minute
)

// receivedNote is what the sealed cookie holds: which referral it was, and
// what the page needs for its promises without opening what was sealed.
type receivedNote struct {
	Referral uuid.UUID     `json:"referral"`
	Outcome  store.Outcome `json:"outcome"`
	Facts    routing.Facts `json:"facts"`
	SafeWays []string      `json:"safe_ways"`
	Lang     string        `json:"lang"`
}

func (a *app) setReceived(c *gin.Context, taken *takenReferral) error {
	note, err := json.Marshal(receivedNote{
		Referral: taken.ReferralID, Outcome: taken.Outcome, Facts: taken.Facts, SafeWays: taken.SafeWays,
		Lang: a.languages.choose(c.Request).code,
	})
	if err != nil {
		return fmt.Errorf("encode the received note: %w", err)
	}
	token, err := a.Keys.SealToken(receivedPurpose, note, a.Now().Add(receivedLife))
	if err != nil {
		return err
	}
	a.writeReceived(c, token, receivedLife)
	return nil
}

// writeReceived sets the cookie, or with no token takes it away. It goes to
// the pages of the referral alone.
func (a *app) writeReceived(c *gin.Context, token string, life time.Duration) {
	maxAge := int(life.Seconds())
	if token == "" {
		maxAge = -1
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: receivedCookie, Value: token, Path: referURL, MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(a.BaseURL, "https://"),
	})
}

// receivedReferral is the referral that the cookie names. found is false if
// there is no cookie or its time is over.
func (a *app) receivedReferral(c *gin.Context) (note receivedNote, row *store.Received, found bool, err error) {
	token, err := c.Cookie(receivedCookie)
	if err != nil {
		return note, nil, false, nil
	}
	plain, err := a.Keys.OpenToken(receivedPurpose, token, a.Now())
	if err != nil {
		return note, nil, false, nil
	}
	if err := json.Unmarshal(plain, &note); err != nil {
		return note, nil, false, fmt.Errorf("decode the received note: %w", err)
	}
	row, err = a.Referrals.ReceivedByID(c.Request.Context(), note.Referral)
	if errors.Is(err, store.ErrNotFound) {
		return note, nil, false, nil
	}
	return note, row, err == nil, err
}

type referReceivedPage struct {
	base
	English   string // the language of what is not translated, "" where all the page is in it
	Lost      bool   // the reference is not known any more
	Heading   string
	Lead      []paragraph
	Reference string
	Keep      []paragraph
	Sections  []promiseSection
	Receipt   bool // the sent answers can still be shown
	Notice    string
}

// referReceived says that the referral has arrived, and what happens next. It
// changes nothing: browsers may load it as often as they like.
func (a *app) referReceived(c *gin.Context) error {
	note, row, found, err := a.receivedReferral(c)
	if err != nil {
		return err
	}
	if !found {
		return a.showLost(c)
	}
	return a.showReceived(c, http.StatusOK, note, row, "")
}

func (a *app) showLost(c *gin.Context) error {
	lang := a.languages.choose(c.Request).code
	w := wordsIn(lang)
	return a.render(c, http.StatusOK, "refer_received", &referReceivedPage{
		base: a.spoken(c, lang, w["sent_lost"]), Lost: true, Heading: w["sent_lost"],
		Lead: filler(a.Organisation.Placeholders()).paragraphs(w["sent_lost_text"]),
	})
}

func (a *app) showReceived(c *gin.Context, status int, note receivedNote, row *store.Received, notice string) error {
	promise := a.promise(note, row)
	page := referReceivedPage{
		base: a.spoken(c, note.Lang, promise.heading), English: otherThan(note.Lang, "en"), Heading: promise.heading, Lead: promise.lead,
		Reference: row.Reference, Keep: promise.keep, Sections: promise.sections, Receipt: !row.ReceiptTaken, Notice: notice,
	}
	page.Elsewhere = nil // the page is in the language of the form that was sent
	if page.English != "" {
		page.Heading = wordsIn(note.Lang)["sent_title"]
		page.Title = page.Heading
	}
	return a.render(c, status, "refer_received", &page)
}

// referReceivedPost does what the buttons on the page after sending ask for.
func (a *app) referReceivedPost(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	action := posted.Get("action")
	if action == "finish" {
		a.writeReceived(c, "", 0)
		c.Redirect(http.StatusSeeOther, "/")
		return nil
	}
	note, row, found, err := a.receivedReferral(c)
	if err != nil {
		return err
	}
	if !found {
		return a.showLost(c)
	}
	switch action {
	case "receipt":
		return a.showReceipt(c, note, row)
	case "amend":
		return a.amend(c, note, row)
	}
	return a.showReceived(c, http.StatusUnprocessableEntity, note, row, "We did not understand which button was pressed. Nothing was changed.")
}

type referReceiptPage struct {
	base
	Reference string
	SentAt    string
	Sections  []checkSection
}

// showReceipt shows the sent answers for printing, once: they would otherwise
// wait on a shared device for whoever comes next.
func (a *app) showReceipt(c *gin.Context, note receivedNote, row *store.Received) error {
	answers, err := a.Referrals.TakeReceipt(c.Request.Context(), note.Referral, a.Now())
	if errors.Is(err, store.ErrStale) {
		return a.showReceived(c, http.StatusConflict, note, row, "Your answers have been shown already. We show them once only.")
	} else if err != nil {
		return err
	}
	check := newCheck(documentInput{
		Form: a.Referral, Answers: answers, Lang: note.Lang, Placeholders: a.Organisation.Placeholders(),
	}, nil)
	at := row.ReceivedAt.In(routing.London)
	sentAt := forms.DateWords(at, note.Lang) + ", " + at.Format("15:04")
	if note.Lang == "en" {
		sentAt = forms.DateWords(at, note.Lang) + " at " + clockInWords(at)
	}
	return a.render(c, http.StatusOK, "refer_receipt", &referReceiptPage{
		base: a.spoken(c, note.Lang, wordsIn(note.Lang)["receipt_title"]), Reference: row.Reference,
		SentAt: sentAt, Sections: check.Sections,
	})
}

// amend shows the form again with what was sent and the same key, so that
// sending it adds to the same referral.
func (a *app) amend(c *gin.Context, note receivedNote, row *store.Received) error {
	answers, err := a.Referrals.SentAnswers(c.Request.Context(), note.Referral)
	if err != nil {
		return err
	}
	p := &referralPost{key: row.Key, lang: note.Lang, answers: answers}
	in := a.document(p)
	in.Start, in.Review = firstOptional(a.Referral, answers), true
	return a.showReferral(c, http.StatusOK, p, in, wordsIn(p.lang)["amending"])
}

// firstOptional is the first question that was not answered, which is where
// somebody who sent in a hurry goes on; "" if there is none.
func firstOptional(f *forms.Form, answers forms.Answers) string {
	for _, step := range f.Visible(answers) {
		for _, asked := range step.Asked {
			if !hasAnswer(answers, asked.Name) {
				return asked.Name
			}
		}
	}
	return ""
}
