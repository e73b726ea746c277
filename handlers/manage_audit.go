package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// auditSize is how many events the page shows.
const auditSize = 200

type auditPage struct {
	base
	Lines []auditLine
	Size  int
}

// auditLine is one event of the whole portal. What people wrote stays sealed.
type auditLine struct{ At, Who, What, Reference string }

func (a *app) auditPage(c *gin.Context) error {
	events, err := a.Store.Audit(c.Request.Context(), auditSize)
	if err != nil {
		return err
	}
	names, err := a.teamNames(c)
	if err != nil {
		return err
	}
	page := auditPage{base: a.base(c, "What was done, by whom"), Size: auditSize}
	page.Nav = "audit"
	for _, event := range events {
		line := auditLine{At: moment(event.At), Who: actor(event), What: eventWords(event, names)}
		if event.Reference != nil {
			line.Reference = *event.Reference
		}
		page.Lines = append(page.Lines, line)
	}
	return a.render(c, http.StatusOK, "audit", &page)
}
