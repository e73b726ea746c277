package handlers

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quietZone is how many light modules the standard asks for around a code.
const quietZone = 4

// qrView is a QR code as one path of an SVG, whose unit is one module.
type qrView struct {
	ID    string // of the SVG on its page
	Title string
	Link  string // what it holds
	Side  int    // with the quiet zone
	Path  string
}

// newQR draws the link. Level M lets phones read a code of which about 15 % is
// dirty or torn.
func newQR(id, title, link string) (*qrView, error) {
	code, err := qr.Encode(link, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("make QR code: %w", err)
	}
	side := code.Bounds().Dx()
	dark := func(x, y int) bool { return code.At(x, y) == color.Black }
	// Neighbours in a row are one box, which keeps a sheet of codes small.
	var path strings.Builder
	for y := range side {
		for x := 0; x < side; x++ {
			from := x
			for x < side && dark(x, y) {
				x++
			}
			if n := x - from; n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quietZone, y+quietZone, n, n)
			}
		}
	}
	return &qrView{ID: id, Title: title, Link: link, Side: side + 2*quietZone, Path: path.String()}, nil
}
