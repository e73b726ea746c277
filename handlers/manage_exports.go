package handlers

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/internal/store"
)

const exportsPath = "/manage/exports"

// exportsPage lists the files that the reader asked for, and nobody else's.
type exportsPage struct {
	base
	Path    string
	Survey  string
	Waves   []viewOption
	Files   []exportRow
	Waiting bool // for one of them
}

// exportRow is one file.
type exportRow struct {
	Wave     string
	State    tag
	Progress string
	Href     string // of one that is ready
	Asked    string
	Until    string
}

var exportTags = map[store.ExportState]tag{
	store.ExportWaiting:  {"Waiting", "govuk-tag--grey"},
	store.ExportBuilding: {"Being made", "govuk-tag--yellow"},
	store.ExportReady:    {"Ready", "govuk-tag--green"},
	store.ExportFailed:   {"Not made", "govuk-tag--red"},
}

// exportFaults say why a file was not made.
var exportFaults = map[string]string{
	store.FaultTooFew: "The wave has fewer than 10 responses that can be counted. Ask again when there are more.",
	store.FaultBroken: "Something went wrong several times. We have been told. Ask again later.",
}

func (a *app) exportList(c *gin.Context) error {
	ctx := c.Request.Context()
	files, err := a.Store.Exports(ctx, currentUser(c).ID, a.Now())
	if err != nil {
		return err
	}
	waves, err := a.Store.Waves(ctx, a.Survey.ID)
	if err != nil {
		return err
	}
	page := exportsPage{base: a.base(c, "Files for analysts"), Path: exportsPath, Survey: a.Survey.Title.In("en")}
	page.Nav = "exports"
	for _, w := range waves {
		page.Waves = append(page.Waves, viewOption{Value: w.Code, Label: w.Code, Chosen: w.Code == c.Query("wave")})
	}
	for i := range files {
		page.Files = append(page.Files, viewExport(&files[i]))
		page.Waiting = page.Waiting || files[i].State == store.ExportWaiting || files[i].State == store.ExportBuilding
	}
	return a.render(c, http.StatusOK, "exports", &page)
}

func viewExport(e *store.Export) exportRow {
	row := exportRow{Wave: e.Wave, State: exportTags[e.State], Asked: moment(e.AskedAt), Until: moment(e.ExpiresAt)}
	switch e.State {
	case store.ExportBuilding:
		row.Progress = "Counting."
		if e.RowsTotal > 0 {
			row.Progress = strconv.Itoa(e.RowsDone) + " of " + plural(e.RowsTotal, "row") + "."
		}
	case store.ExportReady:
		row.Progress = plural(e.RowsTotal, "row") + ", " + size(e.Size) + "."
		row.Href = exportsPath + "/" + e.ID.String()
	case store.ExportFailed:
		row.Progress = exportFaults[e.Fault]
	}
	return row
}

// size says how large a file is.
func size(bytes int64) string {
	if bytes < 1_000_000 {
		return strconv.FormatInt((bytes+999)/1000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(bytes)/1e6, 'f', 1, 64) + " MB"
}

// askExport has the analyst's file of a wave made.
func (a *app) askExport(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	code, err := typedLine(posted, "wave")
	if err != nil {
		return err
	}
	wave, err := a.Store.WaveByCode(c.Request.Context(), a.Survey.ID, code)
	if err != nil {
		return a.namingWaves(c.Request.Context(), err, anyWave)
	}
	id, err := a.Store.AskExport(c.Request.Context(), a.deed(c), wave.ID, store.ExportResponses)
	if err != nil {
		return err
	}
	a.Jobs.ExportAsked(id)
	c.Redirect(http.StatusSeeOther, exportsPath)
	return nil
}

// downloadPatience is how long a file may take on its way; other answers are
// quicker.
const downloadPatience = 15 * time.Minute

// download gives out a file to whoever asked for it, part by part: it may be
// larger than what should be held at once.
func (a *app) download(c *gin.Context) error {
	id, err := uuid.Parse(c.Param("export"))
	if err != nil {
		return errPageNotFound
	}
	file, err := a.Store.OwnExport(c.Request.Context(), a.deed(c), id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), downloadPatience)
	defer cancel()
	// Where this is not possible the server's own limit stays, which breaks a
	// long download off; it can be begun again.
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(downloadPatience))
	asDownload(c, "responses-"+file.Survey+"-"+file.Wave+".zip")
	c.Header("Content-Type", "application/zip")
	c.Header("Content-Length", strconv.FormatInt(file.Size, 10))
	err = a.Store.ReadExport(ctx, file, func(part []byte) error {
		_, err := c.Writer.Write(part)
		return err
	})
	if err != nil {
		c.Writer.Header().Del("Content-Length")
		breakOff(c)
	}
	return err
}
