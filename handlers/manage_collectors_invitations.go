package handlers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"intake/internal/export"
	"intake/internal/store"
)

// How many invitations fit on a sheet of A4, as the style sheet lays them out
// and the pages say, and how many sheets are one page of the portal.
const (
	labelsPerSheet = 24
	sheetsPerPage  = 5
)

// labelView is an invitation as it is printed.
type labelView struct {
	Number int
	Code   string
	Link   string
	Text   string // the link as people read it
	QR     *qrView
}

func (a *app) label(i store.Invitation) (labelView, error) {
	link := a.invitationURL(i.Code)
	id := "qr-" + strconv.Itoa(i.Number)
	code, err := newQR(id, "QR code of invitation "+strconv.Itoa(i.Number), link)
	return labelView{Number: i.Number, Code: store.FormatInvitation(i.Code), Link: link, Text: linkText(link), QR: code}, err
}

// renewed is the invitation that was just given a new code.
func (a *app) renewed(c *gin.Context, col *store.Collector) (*labelView, error) {
	number, err := strconv.Atoi(c.Query("invitation"))
	if err != nil || number < 1 || number > col.Issued {
		return nil, nil
	}
	if err := a.Store.RecordShown(c.Request.Context(), a.deed(c), col.ID, number); err != nil {
		return nil, err
	}
	var view *labelView
	err = a.Store.Invitations(c.Request.Context(), col.ID, number, 1, func(i store.Invitation) error {
		label, err := a.label(i)
		view = &label
		return err
	})
	return view, err
}

// addInvitations makes more invitations of a closed collector.
func (a *app) addInvitations(c *gin.Context) error {
	return a.actOnInvitations(c, func(wave *store.Wave, col *store.Collector, posted url.Values) (string, error) {
		tried, err := attemptOf(posted, "add", "more")
		if err != nil {
			return "", err
		}
		n := tried.faults.checkNumber("more", tried.typed["more"], "Enter how many more invitations you need, from 1 to 50,000", store.MaxInvitations)
		if tried.faults.found() {
			return "", a.showCollector(c, http.StatusUnprocessableEntity, wave, col, tried)
		}
		issued, err := strconv.ParseInt(posted.Get("issued"), 10, 32)
		if err != nil {
			return "", malformed(err)
		}
		err = a.Store.AddInvitations(c.Request.Context(), a.deed(c), col.ID, int(issued), n)
		if !errors.Is(err, store.ErrStale) {
			return "?done=added", err
		}
		// The button was pressed twice, or somebody else was quicker.
		if wave, col, err = a.managedCollector(c); err != nil {
			return "", err
		}
		tried.faults.add("more", fmt.Sprintf("Nothing was added now, because invitations have been added since you opened this page: there are %d. If you still need more, enter how many", col.Issued))
		return "", a.showCollector(c, http.StatusConflict, wave, col, tried)
	})
}

// reissueInvitation gives an invitation a new code. Nobody is told whether the
// old one had been used: whoever asks would know who has answered.
func (a *app) reissueInvitation(c *gin.Context) error {
	return a.actOnInvitations(c, func(wave *store.Wave, col *store.Collector, posted url.Values) (string, error) {
		tried, err := attemptOf(posted, "reissue", "invitation")
		if err != nil {
			return "", err
		}
		n := tried.faults.checkNumber("invitation", tried.typed["invitation"],
			"Enter the number of an invitation, from 1 to "+strconv.Itoa(col.Issued), col.Issued)
		if tried.faults.found() {
			return "", a.showCollector(c, http.StatusUnprocessableEntity, wave, col, tried)
		}
		_, err = a.Store.Reissue(c.Request.Context(), a.deed(c), col.ID, n)
		return fmt.Sprintf("?done=reissued&invitation=%d", n), err
	})
}

// attemptOf reads a form of one box.
func attemptOf(posted url.Values, action, name string) (attempt, error) {
	line, err := typedLine(posted, name)
	return attempt{action: action, typed: map[string]string{name: line}, faults: newProblems()}, err
}

// actOnInvitations does something to the invitations of a collector that is
// in use, and leads back to it.
func (a *app) actOnInvitations(c *gin.Context, do func(wave *store.Wave, col *store.Collector, posted url.Values) (string, error)) error {
	return a.actOnCollector(c, func(wave *store.Wave, col *store.Collector, posted url.Values) (string, error) {
		switch {
		case col.Kind != store.ClosedCollector:
			return "", errPageNotFound
		case !col.InUse(wave, a.Now()):
			return "", errCollectorClosed
		}
		return do(wave, col, posted)
	})
}

var errCollectorClosed = &problem{status: http.StatusConflict, title: "These invitations are closed",
	words: "Nobody could use a new one. Make a new wave or a new collector, and invite people there."}

var errCodesGone = &problem{status: http.StatusGone, title: "These invitations have ended",
	words: "Nobody can use them any more, so their codes are not kept."}

// invitationFile gives the invitations as CSV for a mail merge.
func (a *app) invitationFile(c *gin.Context) error {
	wave, col, err := a.managedInvitations(c)
	if err != nil {
		return err
	}
	if err := a.Store.RecordExported(c.Request.Context(), a.deed(c), col.ID); err != nil {
		return err
	}
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="invitations-%s-%s.csv"`, wave.Code, col.Code))
	out := csv.NewWriter(c.Writer)
	if err := out.Write([]string{"number", "code", "link"}); err != nil {
		return fmt.Errorf("write invitations: %w", err)
	}
	// Row by row: a file may have more rows than should be held at once.
	err = a.Store.Invitations(c.Request.Context(), col.ID, 1, col.Issued, func(i store.Invitation) error {
		return out.Write([]string{strconv.Itoa(i.Number), export.Harmless(store.FormatInvitation(i.Code)), export.Harmless(a.invitationURL(i.Code))})
	})
	if err == nil {
		out.Flush()
		err = out.Error()
	}
	if err != nil {
		breakOff(c)
		return fmt.Errorf("write invitations: %w", err)
	}
	return nil
}

// breakOff takes back a download that failed. What has gone out already must
// not look like a whole file, so the connection is made to end in the middle.
func breakOff(c *gin.Context) {
	c.Writer.Header().Del("Content-Disposition")
	if c.Writer.Written() {
		// If this fails too, the connection is gone, which is what is wanted.
		_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(-time.Second))
	}
}

// sheetPage holds invitations to print and cut.
type sheetPage struct {
	base
	Survey         string
	Collector      string
	Path           string
	Sheets         []sheetView
	From, To       int
	Issued         int
	Previous, Next string
}

type sheetView struct{ Labels []labelView }

// invitationSheet shows some of the invitations, as labels.
func (a *app) invitationSheet(c *gin.Context) error {
	wave, col, err := a.managedInvitations(c)
	if err != nil {
		return err
	}
	if err := a.Store.RecordShown(c.Request.Context(), a.deed(c), col.ID, 0); err != nil {
		return err
	}
	const size = labelsPerSheet * sheetsPerPage
	from, err := strconv.Atoi(c.DefaultQuery("from", "1"))
	if err != nil || from < 1 || from > col.Issued {
		from = 1
	}
	page := sheetPage{base: a.base(c, "Invitations of "+col.Name), Survey: a.Survey.Title.In("en"), Collector: col.Name,
		Path: a.collectorPath(wave, col), From: from, To: min(from+size-1, col.Issued), Issued: col.Issued}
	page.Nav, page.Demo = "waves", a.Demo || wave.Demo
	if from > 1 {
		page.Previous = fmt.Sprintf("?from=%d", max(1, from-size))
	}
	if page.To < col.Issued {
		page.Next = fmt.Sprintf("?from=%d", page.To+1)
	}
	err = a.Store.Invitations(c.Request.Context(), col.ID, from, size, func(i store.Invitation) error {
		label, err := a.label(i)
		if last := len(page.Sheets) - 1; last < 0 || len(page.Sheets[last].Labels) == labelsPerSheet {
			page.Sheets = append(page.Sheets, sheetView{})
		}
		sheet := &page.Sheets[len(page.Sheets)-1]
		sheet.Labels = append(sheet.Labels, label)
		return err
	})
	if err != nil {
		return err
	}
	return a.render(c, http.StatusOK, "invitations", &page)
}

// managedInvitations is the closed collector that the address names, whose
// codes can still be printed.
func (a *app) managedInvitations(c *gin.Context) (*store.Wave, *store.Collector, error) {
	wave, col, err := a.managedCollector(c)
	switch {
	case err != nil:
		return nil, nil, err
	case col.Kind != store.ClosedCollector:
		return nil, nil, errPageNotFound
	case a.codesGone(wave, col):
		return nil, nil, errCodesGone
	}
	return wave, col, nil
}
