package handlers

import (
	"fmt"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/boombuler/barcode/qr"
)

// modules reads the dark modules of a code, as a row of # and space for each.
func modules(t *testing.T, svg *goquery.Selection) []string {
	t.Helper()
	var side int
	if _, err := fmt.Sscanf(svg.AttrOr("viewbox", svg.AttrOr("viewBox", "")), "0 0 %d", &side); err != nil {
		t.Fatalf("the code has no size: %v", err)
	}
	grid := make([][]byte, side)
	for i := range grid {
		grid[i] = []byte(strings.Repeat(" ", side))
	}
	path := svg.Find("path").AttrOr("d", "")
	boxes := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(path, -1)
	length := 0
	for _, box := range boxes {
		length += len(box[0])
		n := make([]int, 4)
		for i := range n {
			n[i], _ = strconv.Atoi(box[i+1]) // the pattern takes digits only
		}
		if n[2] != n[3] {
			t.Fatalf("the box %s is not closed", box[0])
		}
		for x := n[0]; x < n[0]+n[2]; x++ {
			grid[n[1]][x] = '#'
		}
	}
	if length != len(path) {
		t.Fatalf("the path holds more than boxes: %s", path)
	}
	rows := make([]string, side)
	for i, row := range grid {
		rows[i] = string(row)
	}
	return rows
}

// leadsTo checks that the code holds that link, with its quiet zone.
func leadsTo(t *testing.T, svg *goquery.Selection, link string) {
	t.Helper()
	want, err := qr.Encode(link, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	rows := modules(t, svg)
	side := want.Bounds().Dx()
	if len(rows) != side+8 {
		t.Fatalf("the code is %d modules wide, want %d and a quiet zone of 4", len(rows), side)
	}
	for y, row := range rows {
		for x, module := range []byte(row) {
			inside := x >= 4 && y >= 4 && x < side+4 && y < side+4
			dark := inside && want.At(x-4, y-4) == color.Black
			if dark != (module == '#') {
				t.Fatalf("the code does not lead to %s: the module %d,%d is wrong:\n%s", link, x, y, strings.Join(rows, "\n"))
			}
		}
	}
}

// A code of the standard's own shape: three eyes and the timing between them.
func TestQRHasItsEyes(t *testing.T) {
	t.Parallel()
	code, err := newQR("qr", "A code", "https://intake.example/s/7K3M9A")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(
		fmt.Sprintf(`<svg viewBox="0 0 %d %d"><path d="%s"/></svg>`, code.Side, code.Side, code.Path)))
	if err != nil {
		t.Fatal(err)
	}
	rows := modules(t, doc.Find("svg"))
	eye := []string{"#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"}
	last := len(rows) - quietZone - len(eye)
	for _, corner := range [][2]int{{quietZone, quietZone}, {last, quietZone}, {quietZone, last}} {
		for dy, want := range eye {
			if got := rows[corner[1]+dy][corner[0] : corner[0]+len(eye)]; got != want {
				t.Errorf("row %d of the eye at %v is %q", dy, corner, got)
			}
		}
	}
	for x := quietZone + 8; x < last; x++ {
		if (rows[quietZone+6][x] == '#') != (x%2 == 0) || rows[x][quietZone+6] != rows[quietZone+6][x] {
			t.Errorf("the timing pattern is broken at %d", x)
		}
	}
	if _, err := newQR("qr", "Too long", strings.Repeat("x", 4000)); err == nil {
		t.Error("a link that fits no code is no error")
	}
}
