package main

import (
	"errors"
	"fmt"
	"io/fs"
)

type initCommand struct {
	Dir    string `help:"Where to write them." default:"." type:"path"`
	Legacy string `help:"Address of the existing shop (default: the sample shop)." placeholder:"URL"`
}

// Run writes the pair of configuration files, and never over existing ones.
func (c initCommand) Run(place Place, term terminal) error {
	path, err := writeDefaults(c.Dir, "http://"+defaultListen, c.Legacy)
	if errors.Is(err, fs.ErrExist) {
		return withHint(fmt.Errorf("there is a %s in %s already", configName, c.Dir), "edit it, or choose another folder with --dir")
	}
	if err != nil {
		return err
	}
	if place.JSON {
		return printJSON(term.Out, map[string]string{"config": path})
	}
	term.say("wrote %s and %s beside it", path, productsName)
	term.say(`next: "banyan check", then "banyan up"`)
	return nil
}
