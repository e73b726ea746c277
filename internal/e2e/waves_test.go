package e2e

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	_ "image/png" // how Chromium gives its pictures
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestWaves follows a survey manager from a new wave to invitations and a
// poster on paper, with every page looked at by axe.
func TestWaves(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		b := newTab(t, d.base, screen).signIn(d.as(t, "survey_manager"))
		b.press("Survey waves").sees("Responses join the results 10 or more at a time").accessible("waves")
		b.press("Make a new wave").press("Make the wave").sees("There is a problem", "Enter a name for the wave").accessible("waves-error")
		// It opens next year: the demo's own wave stays the one that people answer.
		code, year := "journey-"+screen.name, fmt.Sprint(time.Now().Year()+1)
		b.write("code", code).write("opens.day", "1").write("opens.month", "3").write("opens.year", year)
		b.write("closes.day", "30").write("closes.month", "4").write("closes.year", year)
		b.choose("who", "Anyone who has the address").choose("results", "No, only managers").press("Make the wave")
		b.sees("The wave is made.", "Not yet open", "closes at the end of 30 April "+year, "There is no collector yet.").accessible("wave-new")
		wave := b.path()

		b.press("Make invitations that count once each").press("Make the invitations")
		b.sees("There is a problem", "Enter how many invitations you need").accessible("wave-error")
		b.write("closed_name", "Home care in Maldon").write("number", "30").press("Make the invitations")
		b.sees("The collector is made.", "Issued 30", "Fewer than 10").accessible("collector-closed")
		closed := b.path()
		b.press("Print them on sheets of A4").sees("Invitations 1 to 30 of 30", "Invitation 30, for one person").accessible("invitations")
		b.pictureOnPaper("invitations", 2)
		rows := b.invitationFile(closed)
		labels := ask[[]string](b, `[...document.querySelectorAll(".label")].map((el) => el.querySelector(".label__code").innerText)`)
		if len(rows) != 30 || len(labels) != 30 {
			t.Fatalf("the file has %d invitations, the sheets have %d", len(rows), len(labels))
		}
		screenshot := b.pixels()
		for i, row := range rows {
			if labels[i] != row[1] || row[0] != fmt.Sprint(i+1) {
				t.Errorf("the label %q is not row %v", labels[i], row)
			}
			if link := d.base + "/i/" + strings.ReplaceAll(row[1], "-", ""); row[2] != link {
				t.Errorf("the link is %q, want %q", row[2], link)
			}
			b.scans(screenshot, fmt.Sprintf(`document.querySelectorAll(".label svg")[%d]`, i), row[2])
		}

		b.open(closed).press("Replace one that was lost").write("invitation", "7").press("Give it a new code")
		b.sees("The invitation has a new code.", "New code of invitation 7", "Re-issued 1", "the portal tells nobody whether it had been").accessible("collector-reissued")
		renewed := ask[string](b, `document.querySelector(".invitation-code").innerText`)
		if renewed == rows[6][1] || b.invitationFile(closed)[6][1] != renewed {
			t.Errorf("invitation 7 was %s, is said to be %s, and is in the file as %v", rows[6][1], renewed, b.invitationFile(closed)[6])
		}

		b.open(wave).press("Make a link for anyone").write("open_name", "Posters in care homes").press("Make the link")
		b.sees("The collector is made.", "Point your phone’s camera at the square").accessible("collector-open")
		b.pictureOnPaper("poster", 1)
		link := ask[string](b, `document.querySelector("dd a").href`)
		b.scans(b.pixels(), `document.querySelector(".poster svg")`, link)
		b.press("Close this collector").sees("Do you want to close “Posters in care homes” now?").accessible("collector-close")
		b.press("Close it now").sees("The collector is closed.").accessible("collector-is-closed")

		b.open(wave).sees("Home care in Maldon", "Posters in care homes").accessible("wave-collectors")
		b.press("Close the wave").sees("for 72 hours", "A closed wave cannot be opened again.").accessible("wave-close")
		b.press("Close the wave now").sees("The wave is closed.").accessible("wave-closed")
	})
}

// TestWavesWithoutScript makes a wave and invitations with scripts off.
func TestWavesWithoutScript(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	b := newPlain(t, d.base).signIn(d.as(t, "survey_manager"))
	const waves = "/manage/surveys/care-worker-survey/waves"
	year := fmt.Sprint(time.Now().Year() + 2)
	made := b.get(waves).form("code").fill(map[string][]string{
		"code": {"plain"}, "opens.day": {"1"}, "opens.month": {"3"}, "opens.year": {year}, "who": {"invitation"}, "results": {"no"},
	}).press("").follow().says("The wave is made.", "People with an invitation")
	letters := made.form("closed_name").fill(map[string][]string{"closed_name": {"Letters"}, "number": {"3"}}).press("").follow().says("The collector is made.")
	letters.form("invitation").fill(map[string][]string{"invitation": {"2"}}).press("").follow().says("New code of invitation 2")
}

// invitationFile downloads a collector's CSV file as the page's link would.
func (b *tab) invitationFile(collector string) [][]string {
	b.t.Helper()
	text := ask[string](b, `fetch(`+quote(collector+"/invitations.csv")+`).then((r) => r.text())`)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	must(b.t, err)
	return rows[1:]
}

// pixels is a picture of the whole page.
func (b *tab) pixels() image.Image {
	b.t.Helper()
	raw, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	must(b.t, err)
	picture, _, err := image.Decode(bytes.NewReader(raw))
	must(b.t, err)
	return picture
}

// scans looks at the code in the picture as a phone would, in the middle of
// each module, and checks that it is the one for the link.
func (b *tab) scans(picture image.Image, svg, link string) {
	b.t.Helper()
	want, err := qr.Encode(link, qr.M, qr.Auto)
	must(b.t, err)
	const quiet = 4
	side := want.Bounds().Dx()
	box := ask[struct{ X, Y, Width float64 }](b, `(() => { const r = `+svg+`.getBoundingClientRect();
		return {X: r.x + scrollX, Y: r.y + scrollY, Width: r.width}; })()`)
	module := box.Width / float64(side+2*quiet)
	for y := -quiet; y < side+quiet; y++ {
		for x := -quiet; x < side+quiet; x++ {
			at := picture.At(int(box.X+(float64(x+quiet)+0.5)*module), int(box.Y+(float64(y+quiet)+0.5)*module))
			inside := x >= 0 && y >= 0 && x < side && y < side
			dark := color.GrayModel.Convert(at).(color.Gray).Y < 128
			if dark != (inside && want.At(x, y) == color.Black) {
				b.t.Errorf("the code of %s is wrong at %d,%d, with modules of %.2f pixels", link, x, y, module)
				return
			}
		}
	}
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)

// pictureOnPaper checks on how many sheets of A4 the page prints, and keeps
// them if pictures are asked for.
func (b *tab) pictureOnPaper(name string, sheets int) {
	b.t.Helper()
	yes := true
	printed, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes, PaperWidth: 8.27, PaperHeight: 11.69})
	must(b.t, err)
	if n := len(pdfPage.FindAll(printed.Data, -1)); n != sheets {
		b.t.Errorf("%s prints on %d sheets, want %d", name, n, sheets)
	}
	if *shots != "" {
		must(b.t, os.WriteFile(filepath.Join(*shots, fmt.Sprintf("%s-%d.pdf", name, b.size.width)), printed.Data, 0o644))
	}
}
