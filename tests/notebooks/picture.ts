import { Resvg } from "@resvg/resvg-js";
import { tempFolder } from "../support/temp_folder.ts";

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** What a picture looks like, in numbers. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** The share of its pixels that are not white. */
  readonly inked: number;
  /** How many colours differ clearly. */
  readonly colors: number;
}

/** Draws SVG pictures on white and looks at their pixels: with Chromium where there is one, else with resvg. */
export async function drawPictures(svgs: readonly string[]): Promise<Picture[]> {
  const chromium = await findChromium();
  return chromium === undefined ? svgs.map(drawWithResvg) : await drawWithChromium(chromium, svgs);
}

function drawWithResvg(svg: string): Picture {
  const { width, height, pixels } = new Resvg(svg, { background: "white" }).render();
  return lookAt(width, height, pixels);
}

async function drawWithChromium(program: string, svgs: readonly string[]): Promise<Picture[]> {
  await using folder = await tempFolder();
  await folder.write("page.html", pageOf(svgs));
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--user-data-dir=${folder.path}/profile`,
      "--virtual-time-budget=20000",
      "--dump-dom",
      `file://${folder.path}/page.html`,
    ],
  }).output();
  const page = new TextDecoder().decode(stdout);
  const found = /<pre>(.*)<\/pre>/s.exec(page)?.[1];
  if (success && found !== undefined) return JSON.parse(found);
  throw new Error(`Chromium drew nothing: ${new TextDecoder().decode(stderr)}\n${page}`);
}

/** A page that draws pictures as a notebook does, in `img` elements, and says what it sees. */
function pageOf(svgs: readonly string[]): string {
  const urls = svgs.map((svg) => `data:image/svg+xml,${encodeURIComponent(svg)}`);
  return `<!doctype html><script type="module">
const lookAt = ${lookAt};
const pictures = [];
for (const url of ${JSON.stringify(urls)}) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  pictures.push(lookAt(image.width, image.height, data));
}
const pre = document.createElement("pre");
pre.textContent = JSON.stringify(pictures);
document.body.append(pre);
</script>`;
}

/** Also part of the page, and so uses nothing but its arguments. */
function lookAt(width: number, height: number, pixels: ArrayLike<number>): Picture {
  const colors = new Set();
  let inked = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const rgb = [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0];
    if (rgb.some((value) => value < 245)) inked++;
    colors.add(rgb.map((value) => value >> 6).join());
  }
  return { width, height, inked: inked / (width * height), colors: colors.size };
}

async function findChromium(): Promise<string | undefined> {
  for (const name of CHROMIUM_NAMES) {
    try {
      const { success } = await new Deno.Command(name, { args: ["--version"] }).output();
      if (success) return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
