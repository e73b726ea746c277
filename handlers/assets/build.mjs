// Builds what the browser gets into ../static: the style sheets (css.mjs), the
// script of each form and what the survey loads later, its service worker and
// what takes that away, one icon.
// Each name carries a hash of its content, so that a browser may keep it for
// ever, and each file has a brotli and a gzip copy beside it, so that the
// server never compresses while someone waits. The same sources give the same
// bytes.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { styleSheets } from "./css.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");

async function script(name) {
  const { outputFiles } = await build({
    entryPoints: [join(here, "js", `${name}.js`)],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2019",
    legalComments: "none",
  });
  return outputFiles[0].text;
}

// A worker knows its own build, so that each keeps its copies apart.
async function worker(name) {
  const text = await script(name);
  return text.replace(/\bBUILD\b/g, JSON.stringify(hashOf(text)));
}

const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 12);

const built = {
  ...(await styleSheets()),
  "survey.js": await script("survey"),
  "refer.js": await script("refer"),
  "later.js": await script("later"),
  "results.js": await script("results"),
  "sw.js": await worker("sw"),
  "sw-off.js": await worker("sw-off"),
  "favicon.svg": readFileSync(join(here, "favicon.svg"), "utf8"),
};

mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) {
  if (name !== ".gitignore") rmSync(join(out, name));
}

const manifest = {};
for (const [name, text] of Object.entries(built)) {
  const bytes = Buffer.from(text);
  const { name: stem, ext } = parse(name);
  const hashed = `${stem}.${hashOf(bytes)}${ext}`;
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  writeFileSync(join(out, hashed), bytes);
  writeFileSync(join(out, `${hashed}.br`), brotli);
  writeFileSync(join(out, `${hashed}.gz`), gzipSync(bytes, { level: 9 }));
  manifest[name] = hashed;
  console.log(`${hashed.padEnd(28)} ${String(bytes.length).padStart(7)} bytes, ${brotli.length} by brotli`);
}
writeFileSync(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
