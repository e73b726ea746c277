package handlers

import (
	"bytes"
	"io"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"intake/internal/export"
	"intake/internal/store"
)

// filesView leads to the files of a view of the results.
type filesView struct {
	Tables   string // the address of the tables, but for what kind of file they are
	Query    string
	Codebook string
	Analyst  string
}

func (a *app) filesView(c *gin.Context, wave *store.Wave) filesView {
	query := url.Values{"wave": {wave.Code}}
	for name, values := range c.Request.URL.Query() {
		if name != "wave" {
			query[name] = values
		}
	}
	path := a.surveyPath()
	return filesView{Tables: path + "/results", Query: "?" + query.Encode(), Codebook: path + "/codebook?wave=" + url.QueryEscape(wave.Code),
		Analyst: exportsPath + "?wave=" + url.QueryEscape(wave.Code)}
}

// surveyPath is where the managers' pages of the survey are.
func (a *app) surveyPath() string { return "/manage/surveys/" + a.Survey.ID }

// sendFile answers with a file that write makes. It is made whole before its
// first byte leaves, so that a fault is an error page and not half a file.
func sendFile(c *gin.Context, name, contentType string, write func(io.Writer) error) error {
	var file bytes.Buffer
	if err := write(&file); err != nil {
		return err
	}
	asDownload(c, name)
	c.Data(http.StatusOK, contentType, file.Bytes())
	return nil
}

func asDownload(c *gin.Context, name string) {
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Header("X-Content-Type-Options", "nosniff")
}

const (
	contentCSV    = "text/csv; charset=utf-8"
	contentXLSX   = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	contentSyntax = "text/plain; charset=utf-8"
)

func (a *app) resultsCSV(c *gin.Context) error {
	return a.resultsFile(c, ".csv", contentCSV, (*export.Tables).CSV)
}

func (a *app) resultsXLSX(c *gin.Context) error {
	return a.resultsFile(c, ".xlsx", contentXLSX, (*export.Tables).XLSX)
}

// resultsFile gives the figures of a view, the same as the page shows, as a file.
func (a *app) resultsFile(c *gin.Context, ending, contentType string, write func(*export.Tables, io.Writer) error) error {
	seen, err := a.waveResults(c)
	if err != nil {
		return err
	}
	tables := export.Tables{About: a.aboutFile(seen.wave, min(seen.figures.Released, seen.released)), Figures: seen.figures}
	tables.Survey, tables.View = seen.asked[0], seen.view
	return sendFile(c, "results-"+a.Survey.ID+"-"+seen.wave.Code+ending, contentType,
		func(w io.Writer) error { return write(&tables, w) })
}

func (a *app) aboutFile(wave *store.Wave, released int) export.About {
	return export.About{Survey: a.Survey, Wave: wave.Code, Released: released, Made: a.Now()}
}

// codebookOf describes the questions of the wave that is asked for.
func (a *app) codebookOf(c *gin.Context) (*store.Wave, []export.Variable, error) {
	wave, err := a.askedWave(c)
	if err != nil {
		return nil, nil, a.namingWaves(c.Request.Context(), err, anyWave)
	}
	versions, err := a.versions.Of(c.Request.Context(), wave)
	if err != nil {
		return nil, nil, err
	}
	return wave, export.Codebook(versions...), nil
}

func (a *app) codebookCSV(c *gin.Context) error {
	wave, variables, err := a.codebookOf(c)
	if err != nil {
		return err
	}
	return sendFile(c, "codebook-"+a.Survey.ID+"-"+wave.Code+".csv", contentCSV,
		func(w io.Writer) error { return export.CodebookCSV(w, a.aboutFile(wave, 0), variables) })
}

func (a *app) codebookSyntax(c *gin.Context) error {
	wave, variables, err := a.codebookOf(c)
	if err != nil {
		return err
	}
	return sendFile(c, "responses-"+a.Survey.ID+"-"+wave.Code+".sps", contentSyntax,
		func(w io.Writer) error { return export.Syntax(w, a.aboutFile(wave, 0), export.RowsFile, variables) })
}

// codebookView is the codebook as a page to read and to print.
type codebookView struct {
	base
	Survey, Wave string
	Made         string
	Files        filesView
	CSV, Syntax  string
	Sections     []codebookSection
}

type codebookSection struct {
	Title     string
	Variables []codebookVariable
}

type codebookVariable struct {
	Name  string
	Label string
	Notes []string
	Codes []export.Code
}

func (a *app) codebookPage(c *gin.Context) error {
	wave, variables, err := a.codebookOf(c)
	if err != nil {
		return err
	}
	path, query := a.surveyPath()+"/codebook", "?wave="+url.QueryEscape(wave.Code)
	page := codebookView{base: a.base(c, "Codebook of the "+a.Survey.Title.In("en")), Survey: a.Survey.Title.In("en"), Wave: wave.Code,
		Made: moment(a.Now()), Files: a.filesView(c, wave), CSV: path + ".csv" + query, Syntax: path + ".sps" + query}
	page.Nav, page.Demo = "results", a.Demo || wave.Demo
	for _, v := range variables {
		section := find(&page.Sections, func(s codebookSection) bool { return s.Title == v.Section }, codebookSection{Title: v.Section})
		section.Variables = append(section.Variables, viewVariable(v))
	}
	return a.render(c, http.StatusOK, "codebook", &page)
}

func viewVariable(v export.Variable) codebookVariable {
	view := codebookVariable{Name: v.Name, Label: v.Label, Codes: v.Codes}
	if v.Name == "" {
		view.Name = v.Question.ID
		view.Notes = append(view.Notes, v.LeftOut)
	}
	if v.Dimension {
		view.Notes = append(view.Notes, "Results can be filtered and broken down by this.")
	}
	if v.Question.Sensitive {
		view.Notes = append(view.Notes, "Sensitive.")
	}
	if v.Question.Reverse {
		view.Notes = append(view.Notes, "Lower is better.")
	}
	return view
}
