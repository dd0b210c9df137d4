package prover

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"text/template/parse"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
)

// values are what a template may name.
type values struct {
	ID   string // of the record: marker, number of this state, slot; [a-z0-9-]+
	N    int64  // a number that varies from record to record, 1 to 9,999
	Slot int64  // the slot's number, rising with time
	Want string // the known answer
}

// functions are all that templates may call. Their types are those that call knows.
var functions = map[string]any{
	"add":   add,
	"sub":   func(a, b int64) (int64, error) { return add(a, -b) },
	"mul":   mul,
	"mod":   mod,
	"hash":  hash,
	"uuid":  uuid,
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
	"json":  quote,
}

var errRange = errors.New("the result is out of range")

func add(a, b int64) (int64, error) {
	if sum := a + b; (sum > a) == (b > 0) {
		return sum, nil
	}
	return 0, errRange
}

func mul(a, b int64) (int64, error) {
	high, low := bits.Mul64(uint64(abs(a)), uint64(abs(b)))
	if high != 0 || low > math.MaxInt64 {
		return 0, errRange
	}
	return a * b, nil
}

func abs(a int64) int64 {
	if a == math.MinInt64 {
		return math.MaxInt64
	}
	return max(a, -a)
}

// mod is the remainder that is never negative.
func mod(a, b int64) (int64, error) {
	if b <= 0 {
		return 0, errors.New("mod needs a divisor over 0")
	}
	return (a%b + b) % b, nil
}

// hash is the SHA-256 of a value's text, in hex.
func hash(v any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(v)))
	return hex.EncodeToString(sum[:])
}

// uuid is a name-based UUID (version 8) made from a value's text.
func uuid(v any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(v)))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// quote is a value's text as a JSON string.
func quote(v any) (string, error) {
	out, err := json.Marshal(fmt.Sprint(v))
	return string(out), err
}

// text is a text with values to be put in. There are no loops, conditions, variables
// or functions but our own, so it always ends and stays small.
type text struct {
	tree *parse.Tree // nil: empty
}

// parseText reads a template. The error never shows what stands outside of {{ }}.
func parseText(source string) (text, error) {
	trees, err := parse.Parse("text", source, "", "", functions)
	if err != nil {
		reason := err.Error()
		if i := strings.LastIndex(reason, ": "); i >= 0 {
			reason = reason[i+2:]
		}
		return text{}, fmt.Errorf("is no template: %s", awsconf.Plain(reason))
	}
	tree := trees["text"]
	if len(trees) > 1 {
		return text{}, errors.New("templates may not define others")
	}
	if tree == nil || tree.Root == nil {
		return text{}, nil
	}
	return text{tree}, allowed(tree.Root)
}

// allowed refuses everything but text, values and calls of our functions.
func allowed(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		for _, inner := range n.Nodes {
			if err := allowed(inner); err != nil {
				return err
			}
		}
		return nil
	case *parse.ActionNode:
		return allowed(n.Pipe)
	case *parse.PipeNode:
		if len(n.Decl) > 0 {
			return errors.New("templates may not set variables")
		}
		for _, command := range n.Cmds {
			for _, arg := range command.Args {
				if err := allowed(arg); err != nil {
					return err
				}
			}
		}
		return nil
	case *parse.FieldNode:
		switch strings.Join(n.Ident, ".") {
		case "ID", "N", "Slot", "Want":
			return nil
		}
		return fmt.Errorf("there is no value .%s; there are .ID, .N, .Slot and .Want", awsconf.Plain(strings.Join(n.Ident, ".")))
	case *parse.TextNode, *parse.CommentNode, *parse.IdentifierNode, *parse.NumberNode, *parse.StringNode:
		return nil
	}
	return errors.New("templates may only hold .ID, .N, .Slot, .Want and functions")
}

// expand puts the values in.
func (t text) expand(v values) (string, error) {
	if t.tree == nil {
		return "", nil
	}
	out, err := (&expansion{tree: t.tree, values: v}).text()
	if err != nil {
		return "", fmt.Errorf("template: %s", awsconf.Plain(err.Error()))
	}
	return out, nil
}
