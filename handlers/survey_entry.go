package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/store"
)

// visit finds how somebody comes to the survey by the address that they ask
// for: its query may name an invitation or a collector. refused is the key of
// the words that say why an invitation does not open the survey.
func (a *app) visit(c *gin.Context) (v visit, refused string, err error) {
	if typed := c.Query("invitation"); typed != "" {
		return a.visitByInvitation(c, typed)
	}
	if code := c.Query("collector"); code != "" {
		collector, wave, err := a.Store.CollectorByCode(c.Request.Context(), code)
		if err == nil && wave.Survey == a.Survey.ID && collector.Open(a.Now()) {
			return visit{wave: wave, collector: collector.Code}, "", nil
		}
		// An unknown or closed link leads where the plain address does.
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return v, "", err
		}
	}
	// A phone that keeps the survey asks for its own wave, without the
	// invitation that it came by.
	if code := c.Query("wave"); readable(code) && code != "" {
		wave, err := a.knownWave(c.Request.Context(), code)
		if err == nil && wave.Open(a.Now()) {
			return visit{wave: wave, uninvited: true}, "", nil
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return v, "", err
		}
	}
	if v.wave, err = a.knownWave(c.Request.Context(), ""); errors.Is(err, store.ErrNotFound) {
		return v, "", nil // there is none yet
	}
	return v, "", err
}

func (a *app) visitByInvitation(c *gin.Context, typed string) (v visit, refused string, err error) {
	code, ok := store.ParseInvitation(typed)
	if !ok {
		return v, "invitation_mistyped", nil
	}
	if !a.limiter.allow(c, "code", codesPerPost*a.RateLimit) {
		return v, "", errTooMany
	}
	collector, wave, err := a.Store.FindInvitation(c.Request.Context(), code)
	switch {
	case errors.Is(err, store.ErrInvitationUnknown):
		return v, "invitation_unknown", nil
	case err != nil:
		return v, "", err
	case wave.Survey != a.Survey.ID:
		return v, "invitation_other", nil
	case !collector.Open(a.Now()):
		return v, "invitation_ended", nil
	}
	return visit{wave: wave, invitation: code}, "", nil
}

// codesPerPost is how many more invitations than answers a client may try in a
// minute. Many share one address, and a code has fifty bits: it is plenty for
// them and still hopeless for a guesser.
const codesPerPost = 5

// postedWave is the wave that a form was given out for. A program may leave it
// out: then it is the invitation's, or else the current one.
func (a *app) postedWave(c *gin.Context, code, invitation string) (*store.Wave, error) {
	ctx := c.Request.Context()
	if code != "" {
		if !readable(code) {
			return nil, errNoSuchWave
		}
		wave, err := a.knownWave(ctx, code)
		if errors.Is(err, store.ErrNotFound) {
			return nil, errNoSuchWave
		}
		return wave, err
	}
	if invitation != "" {
		_, wave, err := a.Store.FindInvitation(ctx, invitation)
		if err == nil && wave.Survey == a.Survey.ID {
			return wave, nil
		}
		if err != nil && !errors.Is(err, store.ErrInvitationUnknown) {
			return nil, err
		}
	}
	wave, err := a.knownWave(ctx, "")
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNotOpenYet
	}
	return wave, err
}

var errNoSuchWave = invalid([]forms.FieldError{{Field: "wave", Name: "wave",
	Message: "Send the code of a wave of this survey, or leave wave out for the one that is open"}})

var errNoSuchLink = &problem{status: http.StatusNotFound, notice: "link_unknown", title: "We do not know this link",
	words: "Check each letter and number of it, or ask whoever sent it to you for a new one."}

// openCollector leads from a collector's short link to the survey.
func (a *app) openCollector(c *gin.Context) error {
	lang := a.languages.choose(c.Request).code
	collector, wave, err := a.Store.CollectorByCode(c.Request.Context(), c.Param("code"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNoSuchLink
	case err != nil:
		return err
	case !collector.Open(a.Now()):
		return a.showNotice(c, http.StatusOK, lang, "link_closed", "link_closed_text")
	}
	a.toSurvey(c, wave.Survey, "collector", collector.Code)
	return nil
}

// openInvitation leads from an invitation's link to the survey, which says
// what is wrong with the invitation, if anything is.
func (a *app) openInvitation(c *gin.Context) error {
	a.toSurvey(c, a.Survey.ID, "invitation", c.Param("code"))
	return nil
}

func (a *app) toSurvey(c *gin.Context, slug, name, code string) {
	query := url.Values{name: {code}}
	if lang := c.Query("lang"); lang != "" {
		query.Set("lang", lang)
	}
	c.Redirect(http.StatusSeeOther, "/survey/"+slug+"?"+query.Encode())
}

type invitationPage struct {
	base
	Action  string
	Typed   string
	Error   string
	Waiting waiting
}

// askInvitation asks for the code of an invitation.
func (a *app) askInvitation(c *gin.Context, lang string, status int, typed, fault string) error {
	w := wordsIn(lang)
	title := w["invitation_title"]
	if fault != "" {
		title = w["error"] + ": " + title
	}
	return a.render(c, status, "survey_invitation", &invitationPage{
		base: a.spoken(c, lang, title), Action: c.Request.URL.Path, Typed: typed, Error: fault, Waiting: a.waiting(lang),
	})
}
