import { deepEqual, equal, throws } from "assert";
import { conjuncts, type Expression, parseExpression } from "../../lib/sql/mod.ts";

/** An expression with the parentheses that its tree has. */
function shape(node: Expression): string {
  switch (node.kind) {
    case "and":
    case "or":
      return `(${node.operands.map(shape).join(` ${node.kind} `)})`;
    case "not":
    case "negate":
    case "is_null":
      return `${node.kind}(${shape(node.operand)})`;
    case "compare":
    case "arithmetic":
      return `(${shape(node.left)} ${node.operator} ${shape(node.right)})`;
    case "in":
      return `(${shape(node.operand)} in ${node.list.map(shape).join(",")})`;
    case "cast":
      return `cast(${shape(node.operand)})`;
    default:
      return node.text;
  }
}

Deno.test("operators bind as tightly as in Spark", () => {
  const shapes: [text: string, shape: string][] = [
    ["a or b and c or d", "(a or (b and c) or d)"],
    ["not a = b and c", "(not((a = b)) and c)"],
    ["not not a", "not(not(a))"],
    ["a + b * c - d", "((a + (b * c)) - d)"],
    ["a - b - c", "((a - b) - c)"],
    ["a || b + c", "((a || b) + c)"],
    ["-a * b", "(negate(a) * b)"],
    ["a -1", "(a - 1)"],
    ["a = b is null", "is_null((a = b))"],
    ["a is not null", "not(is_null(a))"],
    ["a is distinct from b", "not((a <=> b))"],
    ["a between b + 1 and c and d", "(((a >= (b + 1)) and (a <= c)) and d)"],
    ["a not in (1, b)", "not((a in 1,b))"],
    ["a::int + 1", "(cast(a) + 1)"],
    ["a < b = c", "((a < b) = c)"],
    ["(a or b) and c", "((a or b) and c)"],
    ["a.b.c = `x``y z`.d", "(a.b.c = `x``y z`.d)"],
    ["a /* = b */ = c -- or d", "(a = c)"],
    ["end > start and date < interval", "((end > start) and (date < interval))"],
  ];
  for (const [text, expected] of shapes) equal(shape(parseExpression(text)), expected, text);
});

Deno.test("the parts of a conjunction keep their text and can be joined again", () => {
  const where = parseExpression("a = 1 AND (b OR c) and (d and not e) AND f BETWEEN 1 AND 2");
  deepEqual(conjuncts(where).map(({ text }) => text), [
    "a = 1",
    "(b OR c)",
    "d",
    "not e",
    "f >= 1",
    "f <= 2",
  ]);
  equal(
    shape(parseExpression(conjuncts(where).map(({ text }) => text).join(" AND "))),
    "((a = 1) and (b or c) and d and not(e) and (f >= 1) and (f <= 2))",
  );
});

Deno.test("what cannot be read is refused with the place, what stands there and what could", () => {
  const wrong: [text: string, message: RegExp][] = [
    ["", /character 1: found the end, wanted a column, a literal or a function/],
    ["a = ", /character 5: found the end/],
    ["a = = b", /character 5: found "=", wanted a column/],
    ["a b", /character 3: found "b", wanted an operator or the end/],
    ["(a", /character 3: found the end, wanted \)/],
    ["f(a, )", /character 6: found "\)"/],
    ["a in (1", /wanted a comma or \)/],
    ["a is 3", /character 6: found "3", wanted NULL, TRUE, FALSE or DISTINCT FROM/],
    ["a between 1 or 2", /found "or", wanted AND/],
    ["case end", /wanted WHEN/],
    ["case when a then 1", /found the end, wanted END/],
    ["cast(a as text)", /found "text", wanted a type/],
    ["cast(a as decimal(39, 0))", /found "39", wanted a precision of 1 to 38/],
    ["'open", /character 1: found "'open" without an end, wanted a closing '/],
    ["a /* open", /wanted \*\/ at the end of the comment/],
    ["a ? b", /character 3: found "\? b"/],
    ["a; drop table b", /character 2: found "; drop tab"/],
    ["DATE '2024-02-30'", /character 6: found "'2024-02-30'", wanted a DATE literal/],
    ["X'0g'", /wanted a X literal/],
    ["interval 3 moons", /character 10: found "3", wanted a number and a unit, such as 3 DAYS/],
    ["a + interval 'x'", /wanted whole numbers of units/],
    ["128Y", /found "128Y", wanted a whole number of 8 bits/],
    ["9223372036854775808L", /wanted a whole number of 64 bits/],
    ["1e400", /wanted a number that a double can hold/],
    ["1234567890123456789012345678901234567890", /wanted a decimal of at most 38 digits/],
    ["1a", /character 1: found "1a"/],
    ["a like 'x' escape 'yz'", /found "'yz'", wanted one character/],
  ];
  for (const [text, message] of wrong) {
    throws(() => parseExpression(text), { code: "BAD_EXPRESSION", message }, text);
  }
});

Deno.test("hostile depth is an error that says so, and never a stack overflow", () => {
  const many = 100_000;
  const hostile = [
    "(".repeat(many),
    "not ".repeat(many) + "a",
    "- ".repeat(many) + "a",
    "case when ".repeat(many),
    "f(".repeat(many),
    "a" + " + 1".repeat(many),
    "a" + "::int".repeat(many),
    "cast(".repeat(many),
    "a[".repeat(many),
  ];
  for (const text of hostile) {
    throws(() => parseExpression(text), { code: "BAD_EXPRESSION", message: /wanted at most 100/ });
  }
});

Deno.test("long lists and long chains of AND and OR are not deep", () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => i);
  equal(parseExpression(`id in (${ids.join(", ")})`).kind, "in");
  const chain = parseExpression(ids.map((id) => `id = ${id}`).join(" or "));
  equal(chain.kind === "or" && chain.operands.length, ids.length);
});
