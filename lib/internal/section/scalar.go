package section

import (
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// setScalar fills v, whose type is one of those that a single text gives.
func setScalar(n *Node, v reflect.Value, f field) *Error {
	if n.kind != Scalar {
		return n.typeError("", scalarWord(v.Type()))
	}
	switch v.Type() {
	case durationType:
		return setDuration(n, v, f, ParseDuration)
	case unitDurationType:
		return setDuration(n, v, f, parseUnitDuration)
	case targetType:
		x, err := ParseTarget(n.text)
		return setFloat(n, v, f, float64(x), err)
	case percentType:
		x, err := ParsePercent(n.text)
		return setFloat(n, v, f, float64(x), err)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.text)
		return f.checkText(n, n.text)
	case reflect.Bool:
		return setBool(n, v)
	case reflect.Int:
		return setInt(n, v, f)
	case reflect.Float64:
		x, err := strconv.ParseFloat(n.text, 64)
		if n.isQuoted() || !isNumber(n.text) || err != nil {
			return n.typeError(numberHint(n, isNumber), "a number")
		}
		return setFloat(n, v, f, x, nil)
	}
	panic(fmt.Sprintf("section: no value of type %v can be decoded", v.Type()))
}

// scalarWord names a type as the sentence "must be …" needs it.
func scalarWord(t reflect.Type) string {
	switch t {
	case durationType, unitDurationType:
		return durationWord
	case targetType, percentType:
		return percentWord
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	default:
		return "text"
	}
}

// isQuoted says that a value is text by its form. A variable's value has no form of its own.
func (n *Node) isQuoted() bool { return n.quoted && !n.expanded }

func setBool(n *Node, v reflect.Value) *Error {
	if !n.isQuoted() {
		switch n.text {
		case "true", "True", "TRUE":
			v.SetBool(true)
			return nil
		case "false", "False", "FALSE":
			v.SetBool(false)
			return nil
		}
	}
	hint := map[string]string{"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}[plainWord(n.text)]
	if hint == "" || n.expanded {
		return n.typeError("", "true or false")
	}
	return n.typeError("write "+hint, "true or false")
}

func setInt(n *Node, v reflect.Value, f field) *Error {
	x, err := strconv.Atoi(n.text)
	if n.isQuoted() || !isWhole(n.text) || err != nil {
		return n.typeError(numberHint(n, isWhole), "a whole number")
	}
	v.SetInt(int64(x))
	return f.checkRange(n, float64(x), mustFloat)
}

func setFloat(n *Node, v reflect.Value, f field, x float64, err error) *Error {
	if err != nil {
		return n.place(err)
	}
	v.SetFloat(x)
	return f.checkRange(n, x, mustFloat)
}

// numberHint says how to write what was meant as a number; is tells how its type is written.
func numberHint(n *Node, is func(string) bool) string {
	switch {
	case n.expanded:
		return ""
	case n.quoted && is(n.text):
		return "write it without quotes: " + shorten(n.text)
	case isNumber(n.text):
		return ""
	default:
		return "write it in plain decimal digits"
	}
}

func setDuration(n *Node, v reflect.Value, f field, parse func(string) (Duration, error)) *Error {
	x, err := parse(n.text)
	if err != nil {
		return n.place(err)
	}
	if f.min == "" && x <= 0 {
		return n.Errorf("", "must be over 0")
	}
	v.SetInt(int64(x))
	if err := f.checkRange(n, float64(x), mustDuration); err != nil {
		return err
	}
	if f.whole == "minutes" && time.Duration(x)%time.Minute != 0 {
		down := max(time.Duration(x).Truncate(time.Minute), time.Minute)
		return n.Errorf(fmt.Sprintf("%dm or %dm?", down/time.Minute, down/time.Minute+1), "must be whole minutes")
	}
	return nil
}

// mustFloat reads the number in a field's tag.
func mustFloat(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("section: tag: " + err.Error())
	}
	return x
}

// mustDuration reads the duration in a field's tag, in nanoseconds.
func mustDuration(s string) float64 {
	x, err := ParseDuration(s)
	if err != nil {
		panic("section: tag: " + err.Error())
	}
	return float64(x)
}
