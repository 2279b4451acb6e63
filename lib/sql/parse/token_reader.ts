import type { SluiceError } from "../../core/mod.ts";
import { badExpression, quoted } from "../sql_error.ts";
import { type Token, tokens } from "./tokens.ts";

/** Walks over the tokens of SQL text; the parser's place in it. */
export class TokenReader {
  /** The text the tokens were read from. */
  readonly text: string;
  private readonly tokens: readonly Token[];
  private index = 0;

  /** Starts before the first token. */
  constructor(text: string) {
    this.text = text;
    this.tokens = tokens(text);
  }

  /** The next token, or one further on, not taken. */
  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)]!;
  }

  /** Takes the next token; at the end, the end again. */
  next(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.index++;
    return token;
  }

  /** True if the next tokens are these keywords or signs. */
  isAt(...keywords: readonly string[]): boolean {
    return keywords.every((keyword, i) => this.peek(i).keyword === keyword);
  }

  /** Takes the keywords or signs if they are next. */
  skip(...keywords: readonly string[]): boolean {
    if (!this.isAt(...keywords)) return false;
    this.index += keywords.length;
    return true;
  }

  /** Takes the keyword or sign that must be next. */
  expect(keyword: string): void {
    if (!this.skip(keyword)) throw this.unexpected(keyword);
  }

  /** Takes the name that must be next. */
  name(): string {
    const token = this.next();
    if (token.kind !== "word" && token.kind !== "name") throw this.unexpected("a name", token);
    return token.text;
  }

  /** Takes the string that must be next, as its value. */
  string(): string {
    const token = this.next();
    if (token.kind !== "string") throw this.unexpected("a string in quotes", token);
    return token.text;
  }

  /** The text from a place to the last token taken. */
  textFrom(start: number): string {
    return this.text.slice(start, this.tokens[this.index - 1]?.end ?? start);
  }

  /** The error for a token that cannot stand where it does. */
  unexpected(wanted: string, token: Token = this.peek()): SluiceError {
    return badExpression(this.text, {
      where: `character ${token.start + 1}`,
      found: token.kind === "end" ? "the end" : quoted(this.text.slice(token.start, token.end)),
      wanted,
    });
  }
}
