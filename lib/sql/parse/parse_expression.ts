import type { SluiceError } from "../../core/mod.ts";
import type { ArithmeticOperator, Expression, ExpressionNode } from "./expression.ts";
import { COMPARISONS, PRODUCTS, RESERVED, SUMS, TESTS } from "./operators.ts";
import { parseInterval, parseNumber, parseTypedLiteral } from "./parse_literal.ts";
import { parseType } from "./parse_type.ts";
import { TokenReader } from "./token_reader.ts";
import type { Token } from "./tokens.ts";

// Every pass over the tree is recursive, so that a hostile text could exhaust the stack.
const MAX_DEPTH = 100;
const MAX_CHAINED = 1000;

/**
 * Reads an SQL expression of Spark's dialect. Names and types are looked at only when it is bound.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { conjuncts } from "./expression.ts";
 * import { parseExpression } from "./parse_expression.ts";
 *
 * const where = parseExpression("price > 10 AND (symbol = 'BTCUSDT' OR symbol LIKE 'ETH%')");
 * deepEqual(conjuncts(where).map(({ text }) => text), [
 *   "price > 10",
 *   "(symbol = 'BTCUSDT' OR symbol LIKE 'ETH%')",
 * ]);
 * ```
 *
 * @throws {SluiceError} `BAD_EXPRESSION` with the place, what stands there and what could.
 */
export function parseExpression(text: string): Expression {
  return new Parser(text).parse();
}

class Parser {
  private readonly reader: TokenReader;
  private depth = 0;
  private chained = 0;

  constructor(text: string) {
    this.reader = new TokenReader(text);
  }

  parse(): Expression {
    const expression = this.disjunction();
    if (this.reader.peek().kind !== "end") throw this.reader.unexpected("an operator or the end");
    return expression;
  }

  private disjunction(): Expression {
    return this.nested(() => this.operands("or", "OR", () => this.conjunction()));
  }

  private conjunction(): Expression {
    return this.operands("and", "AND", () => this.negation());
  }

  private operands(kind: "and" | "or", keyword: string, operand: () => Expression): Expression {
    const start = this.reader.peek().start;
    const first = operand();
    if (!this.reader.isAt(keyword)) return first;
    const operands = [first];
    while (this.reader.skip(keyword)) operands.push(operand());
    return this.node(start, { kind, operands });
  }

  private negation(): Expression {
    const start = this.reader.peek().start;
    if (!this.reader.skip("NOT") && !this.reader.skip("!")) return this.comparison();
    const operand = this.nested(() => this.negation());
    return this.node(start, { kind: "not", operand });
  }

  private comparison(): Expression {
    return this.leftToRight(() => this.sum(), (left, start) => {
      const operator = COMPARISONS.get(this.reader.peek().keyword);
      if (operator !== undefined) {
        this.reader.next();
        return this.node(start, { kind: "compare", operator, left, right: this.sum() });
      }
      return this.test(left, start);
    });
  }

  /** IS …, [NOT] BETWEEN …, [NOT] IN …, [NOT] LIKE …; `undefined` if none of them follows. */
  private test(left: Expression, start: number): Expression | undefined {
    const { reader } = this;
    if (reader.skip("IS")) {
      const isNegated = reader.skip("NOT");
      if (reader.skip("DISTINCT")) {
        reader.expect("FROM");
        const right = this.sum();
        const same = this.node(start, { kind: "compare", operator: "<=>", left, right });
        return isNegated ? same : this.node(start, { kind: "not", operand: same });
      }
      const tested = this.node(start, this.isTest(left));
      return isNegated ? this.node(start, { kind: "not", operand: tested }) : tested;
    }
    const isNegated = reader.isAt("NOT") && TESTS.has(reader.peek(1).keyword) && reader.skip("NOT");
    const { keyword } = reader.peek();
    if (!TESTS.has(keyword)) return undefined;
    reader.next();
    const tested = this.node(start, this.testNode(keyword, left));
    return isNegated ? this.node(start, { kind: "not", operand: tested }) : tested;
  }

  private isTest(left: Expression): ExpressionNode {
    const { reader } = this;
    if (reader.skip("NULL")) return { kind: "is_null", operand: left };
    const token = reader.next();
    if (token.keyword !== "TRUE" && token.keyword !== "FALSE") {
      throw reader.unexpected("NULL, TRUE, FALSE or DISTINCT FROM", token);
    }
    const value = token.keyword === "TRUE";
    const right = { kind: "literal", type: "boolean", value, text: token.text } as const;
    return { kind: "compare", operator: "<=>", left, right };
  }

  private testNode(keyword: string, left: Expression): ExpressionNode {
    const { reader } = this;
    switch (keyword) {
      case "BETWEEN": {
        const low = this.sum();
        reader.expect("AND");
        const high = this.sum();
        return {
          kind: "and",
          operands: [compared(left, ">=", low), compared(left, "<=", high)],
        };
      }
      case "IN":
        reader.expect("(");
        return { kind: "in", operand: left, list: this.list() };
      case "LIKE": {
        const pattern = this.sum();
        if (!reader.skip("ESCAPE")) return { kind: "like", operand: left, pattern, escape: "\\" };
        const token = reader.peek();
        const escape = reader.string();
        if ([...escape].length !== 1) throw reader.unexpected("one character", token);
        return { kind: "like", operand: left, pattern, escape };
      }
      default:
        return { kind: "call", name: "rlike", args: [left, this.sum()] };
    }
  }

  private sum(): Expression {
    return this.arithmetic(SUMS, () => this.arithmetic(PRODUCTS, () => this.signed()));
  }

  private arithmetic(
    operators: ReadonlyMap<string, ArithmeticOperator>,
    operand: () => Expression,
  ): Expression {
    return this.leftToRight(operand, (left, start) => {
      const operator = operators.get(this.reader.peek().keyword);
      if (operator === undefined) return undefined;
      this.reader.next();
      return this.node(start, { kind: "arithmetic", operator, left, right: operand() });
    });
  }

  private signed(): Expression {
    const { start } = this.reader.peek();
    // The sign belongs to the number: -9223372036854775808 is a long, and without its sign is none.
    if (this.reader.isAt("-") && this.reader.peek(1).kind !== "number") {
      this.reader.next();
      const operand = this.nested(() => this.signed());
      return this.node(start, { kind: "negate", operand });
    }
    if (this.reader.skip("+")) return this.nested(() => this.signed());
    return this.leftToRight(() => this.primary(), (left) => this.suffix(left, start));
  }

  /** `.field`, `[index]` or `::type`; `undefined` if none of them follows. */
  private suffix(operand: Expression, start: number): Expression | undefined {
    const { reader } = this;
    if (reader.skip(".")) return this.node(start, { kind: "field", operand, name: reader.name() });
    if (reader.skip("[")) {
      const index = this.disjunction();
      reader.expect("]");
      return this.node(start, { kind: "element", operand, index });
    }
    if (!reader.skip("::")) return undefined;
    return this.node(start, { kind: "cast", operand, type: parseType(reader), isTry: false });
  }

  private primary(): Expression {
    const { reader } = this;
    const { start } = reader.peek();
    if (reader.skip("(")) {
      const { text: _, ...inner } = this.disjunction();
      reader.expect(")");
      return this.node(start, inner);
    }
    return this.node(start, parseTypedLiteral(reader) ?? this.operand());
  }

  private operand(): ExpressionNode {
    const { reader } = this;
    const token = reader.next();
    switch (token.kind) {
      case "number":
        return parseNumber(reader, token, false);
      case "string":
        return { kind: "literal", type: "string", value: token.text };
      case "name":
        return { kind: "name", parts: this.nameParts(token.text) };
      case "sign":
        if (token.text === "-") return parseNumber(reader, reader.next(), true);
        break;
      case "word":
        return this.word(token);
    }
    throw reader.unexpected("a column, a literal or a function", token);
  }

  private word(token: Token): ExpressionNode {
    const { reader } = this;
    switch (token.keyword) {
      case "TRUE":
      case "FALSE":
        return { kind: "literal", type: "boolean", value: token.keyword === "TRUE" };
      case "NULL":
        return { kind: "literal", type: "void", value: null };
      case "CASE":
        return this.caseNode();
      case "INTERVAL":
        if (startsInterval(reader.peek())) return parseInterval(reader);
    }
    if (RESERVED.has(token.keyword)) {
      throw reader.unexpected("a column, a literal or a function", token);
    }
    if (!reader.skip("(")) return { kind: "name", parts: this.nameParts(token.text) };
    if (token.keyword === "CAST" || token.keyword === "TRY_CAST") {
      return this.castNode(token.keyword === "TRY_CAST");
    }
    const args = reader.skip(")") ? [] : this.list();
    return { kind: "call", name: token.text.toLowerCase(), args };
  }

  private nameParts(first: string): string[] {
    const parts = [first];
    while (this.reader.skip(".")) parts.push(this.reader.name());
    return parts;
  }

  private castNode(isTry: boolean): ExpressionNode {
    const operand = this.disjunction();
    this.reader.expect("AS");
    const type = parseType(this.reader);
    this.reader.expect(")");
    return { kind: "cast", operand, type, isTry };
  }

  /** CASE WHEN a THEN b …, or CASE x WHEN 1 THEN b …, which compares x with each. */
  private caseNode(): ExpressionNode {
    const { reader } = this;
    const subject = reader.isAt("WHEN") ? undefined : this.disjunction();
    const branches: { when: Expression; then: Expression }[] = [];
    while (reader.skip("WHEN")) {
      const value = this.disjunction();
      const when = subject === undefined ? value : compared(subject, "=", value);
      reader.expect("THEN");
      branches.push({ when, then: this.disjunction() });
    }
    if (branches.length === 0) throw reader.unexpected("WHEN");
    const otherwise = reader.skip("ELSE") ? this.disjunction() : undefined;
    reader.expect("END");
    return { kind: "case", branches, otherwise };
  }

  /** Expressions up to the closing parenthesis, which is taken too. */
  private list(): Expression[] {
    const items = [this.disjunction()];
    while (this.reader.skip(",")) items.push(this.disjunction());
    if (!this.reader.skip(")")) throw this.reader.unexpected("a comma or )");
    return items;
  }

  /** Extends an operand to the right for as long as something extends it. */
  private leftToRight(
    operand: () => Expression,
    extend: (left: Expression, start: number) => Expression | undefined,
  ): Expression {
    const { start } = this.reader.peek();
    let left = operand();
    for (let count = 0;; count++) {
      const extended = extend(left, start);
      if (extended === undefined) return left;
      left = extended;
      if (count > 0 && ++this.chained > MAX_CHAINED) throw this.tooDeep();
    }
  }

  private nested(read: () => Expression): Expression {
    if (++this.depth > MAX_DEPTH) throw this.tooDeep();
    const expression = read();
    this.depth--;
    return expression;
  }

  private tooDeep(): SluiceError {
    return this.reader.unexpected(
      `at most ${MAX_DEPTH} expressions inside one another and ${MAX_CHAINED} operators in a row`,
    );
  }

  private node(start: number, node: ExpressionNode): Expression {
    return { ...node, text: this.reader.textFrom(start) };
  }
}

function compared(left: Expression, operator: "=" | ">=" | "<=", right: Expression): Expression {
  return { kind: "compare", operator, left, right, text: `${left.text} ${operator} ${right.text}` };
}

function startsInterval(token: Token): boolean {
  return token.kind === "number" || token.kind === "string" || token.keyword === "-";
}
