package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/routing"
)

type referEndingPage struct {
	base
	Body   []paragraph
	Action string
	Hidden []hiddenField
}

// showEnding answers a path that ends without a referral, such as one about a
// child: it says whom to call, and keeps nothing but a count.
func (a *app) showEnding(c *gin.Context, p *referralPost, ending *forms.Page) error {
	a.countEnding(c, ending)
	fill := filler(a.Organisation.Placeholders())
	return a.render(c, http.StatusOK, "refer_ending", &referEndingPage{
		base: a.spoken(c, p.lang, fill.text(ending.Title.In(p.lang))),
		Body: fill.paragraphs(ending.Body.In(p.lang)), Action: referURL, Hidden: p.hidden(),
	})
}

// countEnding counts an ending. Somebody who should call another number gets
// to see it also if the count fails.
func (a *app) countEnding(c *gin.Context, ending *forms.Page) {
	if err := a.Referrals.CountEnding(c.Request.Context(), a.Referral.ID, ending.ID, a.Now().In(routing.London)); err != nil {
		a.Log.Error("ending not counted", "page", ending.ID, "error", err, "request", requestID(c.Request.Context()))
	}
}

func (a *app) endedProblem(ending *forms.Page, lang string) *problem {
	fill := filler(a.Organisation.Placeholders())
	return &problem{
		status: http.StatusUnprocessableEntity, title: fill.text(ending.Title.In(lang)),
		words: strings.Join(strings.Fields(fill.text(ending.Body.In(lang))), " "),
	}
}
