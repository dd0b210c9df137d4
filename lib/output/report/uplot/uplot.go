// Package uplot is uPlot 1.6.32 as its npm package has it (dist/uPlot.iife.min.js and
// dist/uPlot.min.css, unchanged): a chart to zoom into, drawn in the reader's browser.
package uplot

import _ "embed"

// Script is the library; it defines uPlot.
//
//go:embed uPlot.iife.min.js
var Script string

// Style is what its elements look like.
//
//go:embed uPlot.min.css
var Style string
