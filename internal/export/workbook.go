package export

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"
)

const (
	sheetTables = "Tables"
	sheetAbout  = "About"
)

// XLSX writes the tables as a workbook: the same rows as CSV on its first
// sheet, and what the file says of itself on the second.
func (t *Tables) XLSX(w io.Writer) (err error) {
	book := excelize.NewFile()
	defer func() {
		if closed := book.Close(); closed != nil {
			err = errors.Join(err, closed)
		}
	}()
	if err := t.fill(book); err != nil {
		return fmt.Errorf("make workbook: %w", err)
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

func (t *Tables) fill(book *excelize.File) error {
	made := t.Made.UTC().Format(time.RFC3339)
	err := book.SetDocProps(&excelize.DocProperties{
		Title: t.Survey.Title.In("en") + ": results of wave " + t.Wave, Creator: "Intake portal", Created: made, Modified: made, Language: "en-GB",
	})
	if err != nil {
		return err
	}
	if err := book.SetSheetName("Sheet1", sheetTables); err != nil {
		return err
	}
	if _, err := book.NewSheet(sheetAbout); err != nil {
		return err
	}
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	wrapped, err := book.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	if err := t.fillTables(book, bold); err != nil {
		return err
	}
	return t.fillAbout(book, bold, wrapped)
}

func (t *Tables) fillTables(book *excelize.File, bold int) error {
	sheet, err := book.NewStreamWriter(sheetTables)
	if err != nil {
		return err
	}
	if err := sheet.SetColWidth(3, 3, 50); err != nil {
		return err
	}
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	header := make([]any, len(tableColumns))
	for i, name := range tableColumns {
		header[i] = excelize.Cell{StyleID: bold, Value: name}
	}
	if err := sheet.SetRow("A1", header); err != nil {
		return err
	}
	line := 1
	err = t.rows(func(row []any) error {
		line++
		at, err := excelize.CoordinatesToCellName(1, line)
		if err != nil {
			return err
		}
		return sheet.SetRow(at, row)
	})
	if err != nil {
		return err
	}
	return sheet.Flush()
}

func (t *Tables) fillAbout(book *excelize.File, bold, wrapped int) error {
	sheet, err := book.NewStreamWriter(sheetAbout)
	if err != nil {
		return err
	}
	if err := sheet.SetColWidth(1, 1, 20); err != nil {
		return err
	}
	if err := sheet.SetColWidth(2, 2, 100); err != nil {
		return err
	}
	for i, f := range t.facts(tableRules) {
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		row := []any{excelize.Cell{StyleID: bold, Value: f.name}, excelize.Cell{StyleID: wrapped, Value: Harmless(f.words)}}
		if err := sheet.SetRow(at, row); err != nil {
			return err
		}
	}
	return sheet.Flush()
}
