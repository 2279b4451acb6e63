const JUPYTER_DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;
const CONSOLE_DISPLAY: unique symbol = Symbol.for("Deno.customInspect") as never;

/** The same thing by MIME type; a notebook shows the richest that it can. */
export interface MimeBundle {
  /** For terminals, screen readers and searching. */
  readonly "text/plain": string;
  /** Shown as it is. */
  readonly "text/html"?: string;
  /** Shown as a picture. */
  readonly "image/svg+xml"?: string;
}

/** What a notebook shows when it is the last value of a cell; a console prints its text. */
export class Display {
  /** What is shown. */
  readonly mime: MimeBundle;

  /** Shows one thing, in every form that it has. */
  constructor(mime: MimeBundle) {
    this.mime = mime;
  }

  /** Asked by the kernel. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return this.mime;
  }

  /** Asked by `console.log`. */
  [CONSOLE_DISPLAY](): string {
    return this.mime["text/plain"];
  }
}
