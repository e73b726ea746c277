package forms

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed definitions/*.yaml
var builtIns embed.FS

const (
	definitionsFolder = "definitions"
	definitionSuffix  = ".yaml"
)

// BuiltIn returns the source of the definition with that id that ships with
// the portal.
func BuiltIn(id string) (source []byte, ok bool) {
	source, err := builtIns.ReadFile(definitionsFolder + "/" + id + definitionSuffix)
	return source, err == nil
}

// BuiltInIDs lists the definitions that ship with the portal, sorted.
func BuiltInIDs() []string {
	files, err := fs.ReadDir(builtIns, definitionsFolder)
	if err != nil {
		panic("forms: the embedded definitions cannot be listed: " + err.Error())
	}
	var ids []string
	for _, file := range files {
		ids = append(ids, strings.TrimSuffix(file.Name(), definitionSuffix))
	}
	return ids
}
